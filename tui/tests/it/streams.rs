//! The screens of streams: what is selected, followed, frozen, filtered and kept while lines come.

use windlass_core::admin::protocol::{Ask, Exchange, LogLine};
use windlass_tui::effect::{Effect, Watch};
use windlass_tui::message::{Link, Message};
use windlass_tui::state::{logs, traffic};
use windlass_tui::theme::Theme;

use crate::fixture::{self, Console, World};

const SIZE: (u16, u16) = (100, 24);

fn console(screen: &str) -> Console {
    let mut console = Console::new(World::Empty, SIZE);
    console.keys(screen);
    console
}

fn requests(numbers: std::ops::RangeInclusive<u64>) -> Message {
    Message::Traffic(numbers.map(fixture::traffic::plain).collect())
}

fn lines(numbers: std::ops::RangeInclusive<u64>, level: &str) -> Message {
    Message::Logs(numbers.map(|number| fixture::logs::plain(number, level)).collect())
}

fn shot(console: &Console) -> String {
    console.shot(&Theme::default())
}

/// The figures above the table.
fn figures(console: &Console) -> String {
    shot(console).lines().nth(2).unwrap_or_default().to_owned()
}

/// The lines of the table.
fn table(console: &Console) -> Vec<String> {
    let shot = shot(console);
    let lines: Vec<&str> = shot.lines().collect();
    lines[4..lines.len() - 1]
        .iter()
        .map(|line| (*line).to_owned())
        .collect()
}

/// The request id that `y` copies.
fn copied(console: &mut Console) -> String {
    console.keys("y");
    match console.effects.pop() {
        Some(Effect::Copy(text)) => text,
        other => panic!("not copied: {other:?}"),
    }
}

fn id(number: u64) -> String {
    fixture::traffic::plain(number).request_id
}

#[test]
fn a_stream_is_followed_while_its_screen_is_shown() {
    let mut console = console("5");
    assert_eq!(console.effects.pop(), Some(Effect::Watch(Some(Watch::Traffic))));
    console.keys("8");
    assert_eq!(console.effects.pop(), Some(Effect::Watch(Some(Watch::Logs))));
    console.keys("1");
    assert_eq!(console.effects.pop(), Some(Effect::Watch(None)));
}

#[test]
fn the_newest_is_selected_until_another_one_is() {
    let mut console = console("5");
    console.tell(requests(1..=3));
    assert_eq!(copied(&mut console), id(3));
    console.tell(requests(4..=60));
    assert_eq!(copied(&mut console), id(60));
    assert!(figures(&console).contains("following"));
    console.keys("kk");
    assert!(figures(&console).contains("G follows again"));
    console.tell(requests(61..=200));
    assert_eq!(copied(&mut console), id(58));
    // At the end again, it follows again.
    console.keys("G");
    console.tell(requests(201..=201));
    assert_eq!(copied(&mut console), id(201));
    console.keys("k");
    console.keys("j");
    console.tell(requests(202..=202));
    assert_eq!(copied(&mut console), id(202));
}

#[test]
fn what_is_selected_does_not_move_while_others_come() {
    let mut console = console("5");
    console.tell(requests(1..=100));
    console.keys("<pgup><pgup>");
    let before = table(&console);
    console.tell(requests(101..=150));
    assert_eq!(table(&console), before);
    // Once it is dropped, the oldest one takes its place.
    console.tell(requests(151..=traffic::KEPT as u64 + 150));
    assert_eq!(copied(&mut console), id(151));
}

#[test]
fn sorted_requests_have_the_slowest_on_top_and_selected() {
    let mut console = console("5");
    let slow = |number, duration_us| Exchange {
        duration_us,
        ..fixture::traffic::plain(number)
    };
    console.tell(Message::Traffic(vec![slow(1, 10), slow(2, 9_000), slow(3, 20)]));
    console.keys("sssss");
    assert_eq!(copied(&mut console), id(2));
    console.tell(Message::Traffic(vec![slow(4, 10_000), slow(5, 1)]));
    assert_eq!(copied(&mut console), id(4));
    console.keys("j");
    console.tell(Message::Traffic(vec![slow(6, 20_000)]));
    assert_eq!(copied(&mut console), id(2));
}

#[test]
fn memory_is_bounded_and_doubles_are_dropped() {
    let mut console = console("5");
    console.tell(requests(1..=5));
    console.tell(requests(3..=8));
    assert_eq!(console.state.panels.traffic.tail.len(), 8);
    console.tell(requests(1..=3_000));
    assert_eq!(console.state.panels.traffic.tail.len(), traffic::KEPT);
    console.keys(" ");
    console.tell(requests(3_001..=9_000));
    assert_eq!(console.state.panels.traffic.tail.waiting(), Some(traffic::KEPT));
    console.keys(" ");
    assert_eq!(console.state.panels.traffic.tail.len(), traffic::KEPT);
    assert_eq!(copied(&mut console), id(9_000));
    console.tell(lines(1..=5_000, "INFO"));
    assert_eq!(console.state.panels.logs.tail.len(), logs::KEPT);
}

#[test]
fn a_service_that_starts_again_counts_from_the_beginning() {
    let mut console = console("5");
    console.tell(requests(1..=3));
    let again = (1..=3).map(|number| Exchange {
        at: fixture::NOW,
        ..fixture::traffic::plain(number)
    });
    console.tell(Message::Traffic(again.collect()));
    assert_eq!(console.state.panels.traffic.tail.len(), 6);
}

#[test]
fn frozen_it_stands_still_whatever_comes_and_whatever_is_drawn() {
    for (screen, tell) in [
        ("5", requests as fn(std::ops::RangeInclusive<u64>) -> Message),
        ("8", |numbers| lines(numbers, "INFO")),
    ] {
        let mut console = console(screen);
        console.tell(tell(10..=40));
        console.keys(" ");
        let before = table(&console);
        console.state.dirty = false;
        console.tell(tell(41..=2_500));
        assert!(!console.state.dirty, "a frozen screen is not drawn");
        // Something else draws it.
        console.tell(Message::Resize(SIZE.0, SIZE.1));
        assert_eq!(table(&console), before);
        assert!(
            figures(&console).contains("wait: Space goes on"),
            "{}",
            figures(&console)
        );
        // One can look round in it.
        console.keys("g");
        assert!(table(&console)[0].contains("11:59:4"), "{:?}", table(&console));
        console.keys("G");
        assert_eq!(table(&console), before);
        console.keys(" ");
        assert_ne!(table(&console), before);
        assert!(figures(&console).contains("following"));
        // Another screen is not frozen, and this one is not when it is shown again.
        console.keys(" 18");
        console.keys(screen);
        console.tell(tell(2_501..=2_501));
        assert!(!figures(&console).contains("frozen"));
    }
}

#[test]
fn esc_thaws_it() {
    let mut console = console("5");
    console.keys(" ");
    console.tell(requests(1..=2));
    assert!(table(&console)[0].contains("No request"));
    console.keys("<esc>");
    assert_eq!(copied(&mut console), id(2));
}

#[test]
fn the_filter_has_a_language_of_its_own() {
    let mut console = console("5");
    console.tell(Message::Traffic(fixture::traffic::exchanges(World::Loaded)));
    for (filter, figures_tell) in [
        ("status:5xx", "6 of 40 shown"),
        ("status:5xx ms:>2000", "2 of 40 shown"),
        ("method:POST -status:2xx", "3 of 40 shown"),
        ("code:pool_timeout", "2 of 40 shown"),
        ("nowhere", "0 of 40 shown"),
    ] {
        console.keys(&format!("/{filter}<enter>"));
        let told = figures(&console);
        assert!(told.contains(figures_tell) && told.contains(filter), "{filter}: {told}");
        console.keys("<esc>");
    }
    assert!(figures(&console).contains("40 of 40 shown"));
    // New ones are filtered as well.
    console.keys("/status:5xx<enter>");
    console.tell(requests(1_000..=1_010));
    assert!(figures(&console).contains("6 of 51 shown"));
}

#[test]
fn a_wrong_filter_is_told_with_its_place() {
    for (screen, text, place) in [
        ("5", "leads stats:500", "at 7: no key `stats`; did you mean `status`?"),
        ("5", "status:abc", "at 8: `abc` is no status"),
        ("5", "ms:fast", "at 4: `fast` bounds no time"),
        ("8", "lvel:warn", "at 1: no key `lvel`; did you mean `level`?"),
        ("8", "level:loud", "at 7: "),
    ] {
        let mut console = console(screen);
        console.tell(requests(1..=3));
        console.tell(lines(10..=13, "INFO"));
        console.keys(&format!("/{text}"));
        let shot = shot(&console);
        let foot = shot.lines().last().unwrap();
        assert!(foot.contains(place), "{text}: {foot}");
        // It is not taken, and what was shown stays.
        console.keys("<enter>");
        assert!(console.state.typing.is_some());
        assert!(figures(&console).starts_with(if screen == "5" { "3 of 3" } else { "7 of 7" }));
    }
}

#[test]
fn cleared_it_is_empty_and_goes_on() {
    let mut console = console("5");
    console.tell(requests(1..=30));
    console.keys("kkk");
    console.tell(Message::Lost(12_000));
    assert!(figures(&console).contains("! 12.0k lost"), "{}", figures(&console));
    console.keys("c");
    assert_eq!(console.state.panels.traffic.tail.len(), 0);
    assert!(!figures(&console).contains("lost"));
    console.tell(requests(31..=32));
    assert_eq!(copied(&mut console), id(32));

    console.keys("8");
    assert_eq!(console.state.panels.logs.tail.len(), 3);
    console.keys("c");
    // What was cleared is not brought back by an answer.
    console.keys("18");
    console.keys("r");
    assert_eq!(console.state.panels.logs.tail.len(), 0);
}

#[test]
fn a_request_is_opened_with_its_timeline() {
    let mut console = console("5");
    console.tell(Message::Traffic(fixture::traffic::exchanges(World::Loaded)));
    console.keys("/status:503<enter><enter>");
    insta::assert_snapshot!("request", shot(&console));
    assert_eq!(copied(&mut console), "0193a5c4-001b-7a31-b6f2-92c40d1e5a77");
    // It stays when the list drops it.
    console.tell(requests(1_000..=5_000));
    assert_eq!(copied(&mut console), "0193a5c4-001b-7a31-b6f2-92c40d1e5a77");
    console.keys("<esc>");
    assert!(figures(&console).contains("/status:503"));
    console.keys("<esc>");
    assert!(!figures(&console).contains("/status:503"));
    console.keys("<esc><esc>");
    assert!(!console.state.over);
}

#[test]
fn a_small_terminal_scrolls_a_request() {
    let mut console = Console::new(World::Empty, (60, 15));
    console.keys("5");
    console.tell(requests(1..=1));
    console.keys("<enter>");
    let top = shot(&console);
    assert!(top.contains("more below"));
    console.keys("jjjjjjjjjjjjjjjjjjjjjjjj");
    assert!(shot(&console).contains("http ") && !shot(&console).contains("more below"));
    // No key is swallowed by what was scrolled too far.
    let bottom = shot(&console);
    console.keys("k");
    assert_ne!(shot(&console), bottom);
    console.keys("G");
    assert_eq!(shot(&console), bottom);
    console.keys("<pgup>");
    assert_eq!(shot(&console), top);
}

#[test]
fn a_line_is_opened_with_all_that_it_says() {
    let mut console = console("8");
    console.tell(Message::Logs(fixture::logs::recent(World::Loaded)));
    console.keys("/target:postgres level:error<enter><enter>");
    insta::assert_snapshot!("line", shot(&console));
    console.keys("<esc><esc>/level:error target:windlass<enter><enter>");
    let opened = shot(&console);
    assert!(
        opened.contains("cause") && opened.contains("contract says integer"),
        "{opened}"
    );
    let copied = copied(&mut console);
    assert!(
        copied.starts_with("2026-11-24T11:59:5") && copied.contains(" ERROR windlass::http request failed  method=PUT"),
        "{copied}"
    );
}

#[test]
fn levels_are_gone_through() {
    let mut console = console("8");
    console.keys("c");
    console.tell(lines(10..=19, "INFO"));
    console.tell(lines(20..=24, "WARN"));
    console.tell(lines(25..=26, "ERROR"));
    for told in [
        "7 of 17 shown · ✓ following · i warnings and errors",
        "2 of 17 shown · ✓ following · i errors only",
        "17 of 17 shown · ✓ following",
    ] {
        console.keys("v");
        assert_eq!(figures(&console), told);
    }
}

#[test]
fn what_was_logged_before_is_joined_without_doubles() {
    // The fixture answers three lines to the question, numbered from 1.
    let mut console = console("8");
    assert_eq!(console.state.panels.logs.tail.len(), 3);
    let known = fixture::logs::recent(World::Empty);
    console.tell(Message::Logs(known));
    console.tell(lines(4..=6, "INFO"));
    let numbers = |console: &Console| -> Vec<u64> { console.state.panels.logs.tail.iter().map(|l| l.number).collect() };
    assert_eq!(numbers(&console), [1, 2, 3, 4, 5, 6]);
    // Each time that it is shown again, what came meanwhile is asked for.
    console.keys("1");
    let asked = console.state.data.is_pending(&Ask::Logs);
    assert!(!asked);
    console.state.panels.logs.tail.forget();
    console.keys("8");
    assert_eq!(numbers(&console), [1, 2, 3]);
}

#[test]
fn without_a_service_the_files_are_read_every_two_seconds() {
    let mut console = console("8");
    console.tell(lines(4..=6, "INFO"));
    console.tell(Message::Link(Link::Offline {
        reason: "no service".to_owned(),
    }));
    // Lines of files have other numbers: they take the place of the service's.
    assert_eq!(console.state.panels.logs.tail.len(), 3);
    assert_eq!(console.state.watching, None);
    let asked_at = console.state.data.answered_at(&Ask::Logs);
    console.tell(Message::Tick(fixture::NOW + 1_999));
    assert_eq!(console.state.data.answered_at(&Ask::Logs), asked_at);
    console.tell(Message::Tick(fixture::NOW + 2_000));
    assert_eq!(console.state.data.answered_at(&Ask::Logs), Some(fixture::NOW + 2_000));
    assert_eq!(console.state.panels.logs.tail.len(), 3);
    // It is back.
    console.tell(Message::Link(Link::Live));
    console.tell(Message::Logs(vec![LogLine {
        number: 9,
        ..fixture::logs::plain(9, "INFO")
    }]));
    assert_eq!(console.state.panels.logs.tail.len(), 4);
    assert_eq!(console.state.watching, Some(Watch::Logs));
}

#[test]
fn a_lost_service_leaves_its_last_lines() {
    let mut console = console("8");
    console.tell(lines(4..=6, "INFO"));
    console.lose();
    console.tell(Message::Tick(fixture::NOW + 10_000));
    assert_eq!(console.state.panels.logs.tail.len(), 6);
    console.tell(Message::Link(Link::Live));
    assert_eq!(console.state.panels.logs.tail.len(), 6);
}
