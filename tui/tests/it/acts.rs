//! What the screens Routes and Migrations do, through keys.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::style::Color;
use windlass_core::admin::protocol::{Act, Answer, Ask, Expected};
use windlass_tui::effect::Effect;
use windlass_tui::message::{Link, Message, Refusal};
use windlass_tui::state::{Overlay, State};
use windlass_tui::theme::Theme;
use windlass_tui::update::update;
use windlass_tui::views;

use crate::fixture::{Console, NOW, World, health, migrations, routes};

pub const SMALL: [(u16, u16); 2] = [(80, 24), (60, 15)];

pub fn console(keys: &str) -> Console {
    let mut console = Console::new(World::Loaded, (80, 24));
    console.keys(keys);
    console
}

pub fn shot(console: &Console) -> String {
    console.shot(&Theme::default())
}

pub fn said(console: &Console) -> &str {
    console.state.line.as_ref().map_or("", |line| line.text.as_str())
}

/// What it asked to be done, apart from streams and questions.
pub fn done(console: &Console) -> Vec<&Effect> {
    let all = console.effects.iter();
    all.filter(|effect| !matches!(effect, Effect::Watch(_))).collect()
}

/// The same keys at the small sizes, and what is shown after each.
pub fn shots(keys: &[&str]) -> String {
    let mut all = String::new();
    for size in SMALL {
        let mut console = Console::new(World::Loaded, size);
        for keys in keys {
            console.keys(keys);
            all.push_str(&format!("{}x{} {keys}\n{}\n", size.0, size.1, shot(&console)));
        }
    }
    all
}

#[test]
fn the_parts_of_a_route() {
    insta::assert_snapshot!(
        "route_reading",
        shots(&[
            "2/reports<enter><enter>",
            "<esc><esc>/get leads<enter><enter>",
            "l",
            "G",
            "l",
            "ll",
            "l",
        ])
    );
    insta::assert_snapshot!(
        "route_writing",
        shots(&["2/post -near<enter><enter>ll", "<pgdn>", "<left><left>"])
    );
    insta::assert_snapshot!("route_disabled", shots(&["2/disabled<enter><enter>"]));
}

#[test]
fn the_parts_of_a_migration() {
    insta::assert_snapshot!("migration_failed", shots(&["3<enter>", "l", "l", "l"]));
    insta::assert_snapshot!("migration_rehearsed", shots(&["W3jc", "<pgdn>", "l", "<esc>"]));
    insta::assert_snapshot!(
        "migration_others",
        shots(&["3jj<enter>", "l", "<esc>j<enter>", "<esc>j<enter>", "ll"])
    );
}

#[test]
fn the_confirmations_of_migrations() {
    insta::assert_snapshot!("migration_apply", shots(&["W3a", "<pgdn>"]));
    insta::assert_snapshot!("migration_undo", shots(&["W3u"]));
}

#[test]
fn a_wide_terminal_says_how_rehearsals_went() {
    let mut console = Console::new(World::Loaded, (120, 40));
    console.keys("W3jc<esc>");
    assert!(
        shot(&console).contains("rehearsal passed, 1 breaking change, 1 finding"),
        "{}",
        shot(&console)
    );
}

#[test]
fn a_detail_opens_shows_its_parts_and_closes() {
    let mut console = console("2jjj<enter>");
    assert!(shot(&console).contains("[Overview]") && shot(&console).contains("Zürich"));
    console.keys("<left>");
    assert!(shot(&console).contains("[EXPLAIN]") && shot(&console).contains("Index Scan using leads_pkey"));
    console.keys("<right><right>");
    assert!(shot(&console).contains("[Parameters]"));
    // A table's keys do nothing here, and nothing is filtered.
    console.keys("s/");
    assert_eq!(said(&console), "nothing to filter here");
    console.keys("q");
    assert!(shot(&console).contains("Method"));
    assert!(!console.state.over);
}

#[test]
fn opening_asks_once_and_refreshing_asks_again() {
    let mut state = State::new(NOW, (80, 24));
    let route = Ask::Route {
        route: "GET /api/leads".to_owned(),
    };
    let mut asked = 0;
    let mut press = |messages: Vec<Message>| {
        let mut open: Vec<Effect> = messages
            .into_iter()
            .flat_map(|message| update(&mut state, message))
            .collect();
        while let Some(effect) = open.pop() {
            let Effect::Ask(ask) = effect else { continue };
            let answer = match &ask {
                Ask::Status => Answer::Status(Box::new(health::status(World::Loaded))),
                Ask::Routes => Answer::Routes(routes::routes(World::Loaded)),
                Ask::Route { route } => Answer::Route(Box::new(routes::route(World::Loaded, route).unwrap())),
                _ => continue,
            };
            asked += usize::from(ask == route);
            open.extend(update(&mut state, Message::Answered(ask, Ok(answer))));
        }
        asked
    };
    let key = |c| Message::Key(KeyEvent::new(c, KeyModifiers::NONE));
    let c = |c| key(KeyCode::Char(c));
    press(vec![Message::Link(Link::Live), c('2')]);
    assert_eq!(press(vec![c('j'), c('j'), c('j'), key(KeyCode::Enter)]), 1);
    assert_eq!(
        press(vec![Message::Tick(NOW + 60_000)]),
        1,
        "its detail is not asked for again and again"
    );
    assert_eq!(press(vec![c('r')]), 2);
    assert_eq!(press(vec![key(KeyCode::Esc), key(KeyCode::Enter)]), 3, "opened anew");
}

#[test]
fn routes_are_filtered_as_one_types() {
    let mut console = console("2/leads -timeline");
    let text = shot(&console);
    assert!(text.contains("Path (7) /leads -timeline"), "{text}");
    assert!(!text.contains("/api/movies"), "{text}");
    console.keys("<enter>");
    assert!(shot(&console).contains("Path (7)"));
    console.keys("<esc>");
    assert!(shot(&console).contains("/api/movies"));
    // A wrong one is told with its place, and hides nothing.
    console.keys("/leads rout:x");
    let text = shot(&console);
    assert!(
        text.contains("! at 7: no column `rout`; there are method, path"),
        "{text}"
    );
    assert!(text.contains("/api/movies"), "{text}");
    console.keys("<enter>");
    assert!(
        said(&console).starts_with("at 7: no column `rout`"),
        "{}",
        said(&console)
    );
    assert!(console.state.typing.is_some());
}

#[test]
fn writes_are_refused_until_they_are_allowed_and_cancel_comes_first() {
    for keys in ["2d", "3a", "3u"] {
        let mut console = console(keys);
        assert!(console.state.overlay.is_none(), "{keys}");
        assert!(said(&console).starts_with("read-only: W"), "{keys}: {}", said(&console));
        console.keys(&format!("W{keys}<enter>"));
        assert!(console.state.overlay.is_none(), "{keys}");
        assert_eq!(said(&console), "cancelled; nothing was done", "{keys}");
        assert!(done(&console).is_empty(), "{keys}: {:?}", done(&console));
    }
}

#[test]
fn a_route_is_disabled_and_enabled() {
    let mut console = console("W2/get leads<enter>d");
    let text = shot(&console);
    assert!(
        text.contains("insert into windlass.route_state (route, disabled_at, disabled_by)"),
        "{text}"
    );
    assert!(text.contains("windlass routes disable 'GET /api/leads'"), "{text}");
    console.keys("<left><enter>");
    let route = "GET /api/leads".to_owned();
    assert_eq!(done(&console), [&Effect::Act(Act::DisableRoute { route })]);
    console.effects.clear();
    // From the detail, too.
    console.keys("<esc>/disabled<enter><enter>d");
    let text = shot(&console);
    assert!(
        text.contains("delete from windlass.route_state where route = 'DELETE /api/leads/{id}'"),
        "{text}"
    );
    console.keys("<tab><enter>");
    let route = "DELETE /api/leads/{id}".to_owned();
    assert_eq!(done(&console), [&Effect::Act(Act::EnableRoute { route })]);
}

#[test]
fn migrations_are_applied_in_order_with_their_sql_shown() {
    let mut console = console("W3a");
    assert!(shot(&console).contains("(3 lines; not rehearsed)"));
    // As a command, too.
    console.keys("<esc>:apply<enter>");
    assert!(shot(&console).contains("(3 lines; not rehearsed)"));
    console.keys("<esc>jc<esc>a");
    let Some(Overlay::Confirm(confirm)) = &console.state.overlay else {
        panic!()
    };
    let headings: Vec<&str> = confirm
        .sql
        .iter()
        .map(String::as_str)
        .filter(|line| line.starts_with("-- 2026"))
        .collect();
    assert_eq!(
        headings,
        [
            format!("-- {} (3 lines; rehearsal passed)", migrations::FAILED),
            format!(
                "-- {} (7 lines; rehearsal passed, 1 breaking change, 1 finding)",
                migrations::PENDING
            )
        ]
    );
    assert!(confirm.sql.iter().any(|line| line.contains("type numeric(5, 2)")));
    console.keys("l<enter>");
    // What was seen, and nothing else.
    let expect: Vec<Expected> = [migrations::FAILED, migrations::PENDING]
        .iter()
        .map(|name| Expected {
            name: (*name).to_owned(),
            sha256: migrations::migration(World::Loaded, name).unwrap().up_sha256,
        })
        .collect();
    assert_eq!(done(&console), [&Effect::Act(Act::MigrateUp { expect, dump: true })]);
}

#[test]
fn undoing_needs_the_name() {
    let last = "2026-11-20-093000_close_lead";
    let mut console = console("W3u");
    assert!(shot(&console).contains("drop function close_lead (bigint);"));
    console.keys("close_lead<enter>");
    assert_eq!(said(&console), "that is not the name");
    assert!(done(&console).is_empty());
    console.keys(&"<backspace>".repeat(10));
    console.keys(&format!("{last}<enter>"));
    let expect = Expected {
        name: last.to_owned(),
        sha256: migrations::migration(World::Loaded, last).unwrap().down_sha256,
    };
    assert_eq!(done(&console), [&Effect::Act(Act::MigrateDown { expect, dump: true })]);
}

#[test]
fn what_cannot_be_done_is_said() {
    let nothing = |keys: &str| {
        let mut console = Console::new(World::Empty, (80, 24));
        console.keys(keys);
        assert!(console.state.overlay.is_none());
        said(&console).to_owned()
    };
    assert_eq!(nothing("W3a"), "nothing is pending");
    assert_eq!(nothing("W3u"), "nothing is applied");
    assert_eq!(nothing("W3c"), "no migration is selected");
    assert_eq!(nothing("2t"), "no route is selected");
    let console = console("W3Gc");
    assert!(said(&console).ends_with("is applied: only what is pending can be rehearsed"));
    // Refused while the database is away.
    let mut away = Console::new(World::DatabaseDown, (80, 24));
    away.keys("W3a");
    assert_eq!(said(&away), "the migrations are not known yet");
}

#[test]
fn a_failed_rehearsal_refuses_to_apply() {
    let mut console = console("W3");
    let ask = Ask::Rehearse {
        upto: Some(migrations::PENDING.to_owned()),
    };
    console.tell(Message::Answered(
        ask,
        Ok(Answer::Rehearse(migrations::failed_rehearsal())),
    ));
    console.keys("a");
    assert!(console.state.overlay.is_none());
    let text = said(&console);
    assert!(
        text.contains("failed its rehearsal") && text.contains("up.sql:3:24"),
        "{text}"
    );
    // A later rehearsal that passes takes its place.
    console.tell(Message::Tick(NOW + 5_000));
    console.keys("c<esc>a");
    assert!(
        matches!(console.state.overlay, Some(Overlay::Confirm(_))),
        "{}",
        said(&console)
    );
}

#[test]
fn a_rehearsal_shows_that_it_runs_and_why_it_was_refused() {
    let mut console = console("W3j");
    let upto = Some(migrations::PENDING.to_owned());
    let ask = Ask::Rehearse { upto };
    let press = |console: &mut Console| {
        let key = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::NONE);
        update(&mut console.state, Message::Key(key))
    };
    assert!(press(&mut console).contains(&Effect::Ask(ask.clone())));
    assert!(shot(&console).contains("[Rehearsal]") && shot(&console).contains("i rehearsing…"));
    // It does not run twice at once.
    assert!(!press(&mut console).contains(&Effect::Ask(ask.clone())));
    assert_eq!(said(&console), "it is being rehearsed");
    let refusal = Refusal {
        code: "migration_locked".to_owned(),
        message: "another process migrates".to_owned(),
        details: Some("session 4711 since 12:00".to_owned()),
        hint: Some("wait for it, then try again".to_owned()),
    };
    console.tell(Message::Answered(ask, Err(refusal)));
    let text = shot(&console);
    assert!(
        text.contains("✗ another process migrates — wait for it, then try again"),
        "{text}"
    );
}

#[test]
fn ascii_and_no_colour_suffice() {
    let plain = Theme {
        colour: false,
        light: false,
        ascii: true,
    };
    let mut console = Console::new(World::Loaded, (80, 24));
    for keys in [
        "2/leads<enter>j<enter>",
        "l",
        "l",
        "l",
        "l",
        "l",
        "t",
        "<esc><esc><esc>W3jc",
        "lll",
        "a",
        "<esc>u",
    ] {
        console.keys(keys);
        let shot = console.shot(&plain);
        assert!(shot.is_ascii(), "{keys}\n{shot}");
        let mut terminal = Terminal::new(TestBackend::new(80, 24)).unwrap();
        terminal
            .draw(|frame| views::draw(frame, &console.state, &plain))
            .unwrap();
        for cell in terminal.backend().buffer().content() {
            assert_eq!((cell.fg, cell.bg), (Color::Reset, Color::Reset), "{keys}: {cell:?}");
        }
    }
}

#[test]
fn what_waits_is_asked_again_when_the_way_was_lost() {
    let mut console = console("W3");
    let key = KeyEvent::new(KeyCode::Char('a'), KeyModifiers::NONE);
    let asked = update(&mut console.state, Message::Key(key));
    assert_eq!(
        asked
            .iter()
            .filter(|effect| matches!(effect, Effect::Ask(Ask::Migration { .. })))
            .count(),
        2
    );
    // Their answers never come.
    console.lose();
    assert!(console.state.overlay.is_none());
    console.tell(Message::Link(Link::Live));
    let Some(Overlay::Confirm(confirm)) = &console.state.overlay else {
        panic!("{}", said(&console))
    };
    assert!(confirm.sql.iter().any(|line| line.contains("type numeric(5, 2)")));
}
