//! Health, Database and Settings through their keys.

use windlass_core::admin::protocol::{Act, Ask};
use windlass_tui::effect::Effect;
use windlass_tui::message::{Link, Message};
use windlass_tui::screen::Screen;
use windlass_tui::state::Overlay;
use windlass_tui::state::panel::Want;
use windlass_tui::theme::Theme;
use windlass_tui::update::update;

use crate::fixture::{Console, NOW, World};

fn on(digit: &str) -> Console {
    let mut console = Console::new(World::Loaded, (80, 24));
    console.keys(digit);
    console
}

/// What the screen shows after these keys.
fn after(console: &mut Console, keys: &str) -> String {
    console.keys(keys);
    console.shot(&Theme::default())
}

/// The line of the screen that speaks to the operator.
fn said(console: &Console) -> String {
    let line = console.state.line.as_ref();
    line.map(|line| line.text.clone()).unwrap_or_default()
}

fn copied(console: &Console) -> Vec<String> {
    let effects = console.effects.iter();
    effects
        .filter_map(|effect| match effect {
            Effect::Copy(text) => Some(text.clone()),
            _ => None,
        })
        .collect()
}

fn acts(console: &Console) -> Vec<Act> {
    let effects = console.effects.iter();
    effects
        .filter_map(|effect| match effect {
            Effect::Act(act) => Some(act.clone()),
            _ => None,
        })
        .collect()
}

#[test]
fn what_is_opened_can_be_read_at_80x24() {
    for (name, digit, keys) in [
        ("health_check", "1", "<enter>"),
        ("database_slow", "4", "]"),
        ("database_locks", "4", "]]"),
        ("database_tables", "4", "]]]"),
        ("database_indexes", "4", "]]]]"),
        ("database_session", "4", "j<enter>"),
        ("database_slow_statement", "4", "]<enter>"),
        ("database_lock", "4", "]]j<enter>"),
        ("database_table", "4", "]]]<enter>"),
        ("database_index", "4", "]]]]jj<enter>"),
        ("database_cancel", "4", "Wjx"),
        ("database_filter", "4", "/state:blocked -psql<enter>"),
        ("settings_audit", "0", "]"),
        ("settings_setting", "0", "jj<enter>"),
        ("settings_act", "0", "]j<enter>"),
        ("settings_reload", "0", "WR"),
    ] {
        let shot = after(&mut on(digit), keys);
        insta::assert_snapshot!(name, shot);
    }
}

#[test]
fn narrow_and_ascii_tables_keep_what_matters() {
    let plain = Theme {
        colour: false,
        light: false,
        ascii: true,
    };
    let mut console = Console::new(World::Loaded, (60, 15));
    console.keys("4");
    let mut shots = Vec::new();
    for _ in 0..4 {
        console.keys("]");
        let shot = console.shot(&plain);
        assert!(shot.is_ascii(), "{shot}");
        shots.push(shot);
    }
    console.keys("0]");
    shots.push(console.shot(&plain));
    insta::assert_snapshot!("database_settings_narrow", shots.join("\n"));
}

#[test]
fn a_check_is_read_copied_and_followed() {
    let mut console = on("1");
    assert!(after(&mut console, "jy").contains("Look what it does"));
    assert_eq!(copied(&console), ["windlass migrate check"]);
    let open = after(&mut console, "<enter>");
    assert!(
        open.contains("20261124_093000_leads_score") && !open.contains("Summary"),
        "{open}"
    );
    // The list below stays where it was, and Esc leads back to it.
    console.keys("<esc>");
    assert!(console.state.panels.health.opened().is_none());
    assert_eq!(console.state.screen, Screen::Health);
    console.keys("o");
    assert_eq!(console.state.screen, Screen::Migrations);
    console.keys("1Go");
    assert_eq!(
        (console.state.screen, said(&console).as_str()),
        (Screen::Health, "no screen shows more of this")
    );
    console.keys("y");
    assert_eq!(said(&console), "this check has no command to copy");
    assert_eq!(copied(&console).len(), 1);
    // The service's state is asked for whatever the screen is.
    assert!(console.state.panel().wants().is_empty());
}

#[test]
fn every_check_leads_to_its_screen() {
    for (world, keys, expected) in [
        (World::Loaded, "o", Screen::Database),
        (World::Loaded, "jo", Screen::Migrations),
        (World::Loaded, "jjo", Screen::Database),
        (World::Loaded, "jjjjo", Screen::Routes),
        (World::Loaded, "jjjjjo", Screen::Traffic),
        (World::DatabaseDown, "o", Screen::Database),
        (World::Empty, "o", Screen::Routes),
    ] {
        let mut console = Console::new(world, (80, 24));
        console.keys(keys);
        assert_eq!(console.state.screen, expected, "{world:?} {keys}");
    }
}

#[test]
fn health_keeps_its_checks_without_a_service_and_says_how_old_they_are() {
    let mut console = on("1");
    console.lose();
    for size in [(80, 24), (60, 15), (120, 40)] {
        console.tell(Message::Resize(size.0, size.1));
        let shot = console.shot(&Theme::default());
        assert!(
            shot.contains("4 sessions wait") && shot.contains("nothing new for 12 s"),
            "{shot}"
        );
    }
    console.tell(Message::Tick(NOW + 50_000));
    assert!(console.shot(&Theme::default()).contains("nothing new for 1 min"));
    // The service answers, but no second has passed in it.
    let mut console = Console::new(World::Loaded, (80, 24));
    update(&mut console.state, Message::Tick(NOW + 20_000));
    assert!(console.shot(&Theme::default()).contains("nothing new for 21 s"));
    // Before anything is known, it says why.
    let mut state = windlass_tui::state::State::new(NOW, (80, 24));
    let reason = "this console speaks protocol 1, the service 2: use its own version".to_owned();
    update(&mut state, Message::Link(Link::Incompatible { reason: reason.clone() }));
    console.state = state;
    assert!(console.shot(&Theme::default()).contains(&reason));
}

#[test]
fn only_the_table_that_is_shown_is_asked_for() {
    let mut console = on("4");
    for (ask, every) in [
        (Ask::Activity, 2_000),
        (Ask::SlowStatements, 5_000),
        (Ask::Locks, 2_000),
        (Ask::Tables, 5_000),
        (Ask::Indexes, 5_000),
        (Ask::Activity, 2_000),
    ] {
        assert_eq!(
            console.state.panel().wants(),
            [Want {
                ask: ask.clone(),
                every
            }]
        );
        assert!(
            console.state.data.answered_at(&ask).is_some(),
            "{ask:?} was not asked at once"
        );
        console.keys("<right>");
    }
    console.keys("<left><left>[");
    assert_eq!(
        console.state.panel().wants()[0].ask,
        Ask::Tables,
        "three back from the second"
    );
    console.keys("0");
    assert_eq!(console.state.panel().wants()[0].ask, Ask::Settings);
    console.keys("h");
    assert_eq!(console.state.panel().wants()[0].ask, Ask::Audit);
}

#[test]
fn layers_are_peeled_one_by_one() {
    let mut console = on("4");
    console.keys("/leads<enter>j<enter>");
    assert!(console.state.panels.database.opened().is_some());
    // What lies below an open session is neither turned nor filtered.
    console.keys("]]<right>/");
    assert!(console.state.panels.database.opened().is_some() && console.state.typing.is_none());
    assert_eq!(said(&console), "nothing to filter here");
    console.keys("q");
    assert!(console.state.panels.database.opened().is_none() && !console.state.over);
    assert_eq!(console.state.panel().list().unwrap().filter, "leads");
    console.keys("q");
    assert_eq!(console.state.panel().list().unwrap().filter, "");
    console.keys("<esc><esc>");
    assert!(!console.state.over, "Esc never quits");
    console.keys("q");
    assert!(console.state.over);
}

#[test]
fn a_statement_is_cancelled_only_after_w_and_a_yes() {
    let started = "2026-11-24 09:58:31.104512+00".to_owned();
    let statement_started = "2026-11-24 11:58:31.104512+00".to_owned();
    for keys in ["4j", "4]]j", "4j<enter>"] {
        let mut console = on(keys);
        console.keys("x");
        assert!(said(&console).starts_with("read-only"), "{keys}");
        assert!(console.state.overlay.is_none());
        console.keys("Wx");
        let Some(Overlay::Confirm(confirm)) = &console.state.overlay else {
            panic!("{keys}: nothing is asked");
        };
        assert!(!confirm.yes, "Cancel comes first");
        let pid = match &confirm.act {
            Act::CancelStatement { pid, .. } => *pid,
            other => panic!("{other:?}"),
        };
        assert_eq!(confirm.sql[0], format!("select pg_cancel_backend({pid})"));
        // Enter answers with what comes first.
        console.keys("<enter>");
        assert_eq!(acts(&console), []);
        console.keys("x<right><enter>");
        assert!(matches!(&acts(&console)[..], [Act::CancelStatement { .. }]), "{keys}");
        console.keys("X<right><enter>");
        assert!(
            matches!(&acts(&console)[..], [_, Act::TerminateSession { .. }]),
            "{keys}"
        );
        if keys == "4]]j" {
            let expected = Act::CancelStatement {
                pid: 4711,
                started: started.clone(),
                statement_started: statement_started.clone(),
            };
            assert_eq!(acts(&console)[0], expected);
        }
    }
}

#[test]
fn what_cannot_be_cancelled_is_said() {
    for (keys, expected) in [
        ("]Wx", "only a session on Activity or Locks can be ended"),
        ("]]]]WX", "only a session on Activity or Locks can be ended"),
        ("W]]x", "session 4690 runs no statement now; X ends the session"),
        ("/nothing<enter>Wx", "no session is selected"),
        ("/nothing<enter>y", "nothing is selected"),
    ] {
        let mut console = on("4");
        console.keys(keys);
        assert_eq!(said(&console), expected, "{keys}");
        assert!(console.state.overlay.is_none());
    }
    let mut console = on("4");
    console.keys("]]WX");
    let Some(Overlay::Confirm(confirm)) = &console.state.overlay else {
        panic!("nothing is asked");
    };
    assert_eq!(confirm.sql[0], "select pg_terminate_backend(4690)");
}

#[test]
fn a_session_that_ended_stays_readable_and_cannot_be_ended_again() {
    let mut console = on("4");
    console.keys("Wj<enter>");
    console.world = World::Empty;
    console.tell(Message::Tick(NOW + 2_000));
    let shot = console.shot(&Theme::default());
    assert!(shot.contains("it has ended") && shot.contains("müller"), "{shot}");
    console.keys("x");
    assert_eq!(said(&console), "that session has ended already");
}

#[test]
fn what_is_copied_is_what_is_needed() {
    for (keys, expected) in [
        ("4y", "alter table leads add column score integer not null default 0"),
        ("4]]y", "select count(*) from leads"),
        ("4]jy", "select * from leads where email = $1"),
        ("4]]]y", "vacuum (analyze) public.events;"),
        ("4]]]jy", "public.leads"),
        // In the list the definition, on the sheet what would mend it.
        (
            "4]]]]y",
            "CREATE INDEX events_payload_idx ON public.events USING gin (payload)",
        ),
        ("4]]]]<enter>y", "drop index concurrently public.events_payload_idx;"),
        (
            "4]]]]jjjjj<enter>y",
            "drop index concurrently public.\"leads_Email_idx\";",
        ),
        (
            "4]]]]jj<enter>y",
            "drop index concurrently public.events_lead_id_kind_idx;\n\
             CREATE INDEX CONCURRENTLY events_lead_id_kind_idx ON public.events USING btree (lead_id, kind);",
        ),
        (
            "4]]]]j<enter>y",
            "CREATE UNIQUE INDEX events_pkey ON public.events USING btree (id)",
        ),
        ("0jjy", "WINDLASS_HTTP_LISTEN"),
        ("0]jy", "windlass db cancel 4711"),
    ] {
        let mut console = on("1");
        console.keys(keys);
        assert_eq!(copied(&console), [expected], "{keys}");
        assert_eq!(acts(&console), []);
    }
}

#[test]
fn a_sheet_scrolls_within_its_ends() {
    let mut console = on("4");
    console.tell(Message::Resize(60, 12));
    console.keys("j<enter>G");
    let end = console.shot(&Theme::default());
    console.keys("jjjj<pgdn>");
    assert_eq!(console.shot(&Theme::default()), end, "nothing lies below the end");
    assert!(end.contains("y copies"), "{end}");
    console.keys("k");
    assert_ne!(console.shot(&Theme::default()), end, "one up is one up");
    console.keys("g");
    assert!(console.shot(&Theme::default()).contains("State"));
}

#[test]
fn the_tree_of_locks_is_a_list_once_it_is_sorted() {
    let mut console = on("4");
    let tree = after(&mut console, "]]");
    assert!(
        tree.contains("\n  ├─4712") && tree.contains("\n  │ └─4713") && tree.contains("\n  └─4720"),
        "{tree}"
    );
    // Sorted by how long they have been in a transaction.
    let sorted = after(&mut console, "sss");
    assert!(!sorted.contains('└') && !sorted.contains('├'), "{sorted}");
    assert!(sorted.find("4690").unwrap() < sorted.find("4711").unwrap(), "{sorted}");
}

#[test]
fn resources_are_read_again_after_a_yes() {
    for keys in ["0R", "0]R"] {
        let mut console = on("1");
        console.keys(keys);
        assert!(said(&console).starts_with("read-only"));
        console.keys("WR<enter>");
        assert_eq!(acts(&console), []);
        console.keys("R<right><enter>");
        assert_eq!(acts(&console), [Act::Reload]);
    }
}

#[test]
fn old_values_say_that_they_are_old() {
    let mut console = on("4");
    console.world = World::DatabaseDown;
    console.tell(Message::Tick(NOW + 30_000));
    let shot = console.shot(&Theme::default());
    assert!(shot.contains("! as it was 30 s ago") && shot.contains("4711"), "{shot}");
    // What was never answered says why.
    let shot = after(&mut console, "]]");
    assert!(
        shot.contains("! the database cannot be reached; `windlass logs"),
        "{shot}"
    );
}
