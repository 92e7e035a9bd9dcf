//! What the screens Routes and Migrations do, through keys.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use windlass_core::admin::protocol::{Act, Answer, Ask};
use windlass_tui::effect::Effect;
use windlass_tui::message::{Link, Message, Refusal};
use windlass_tui::state::trial::{Reply, Trial, TrialReply};
use windlass_tui::state::{Overlay, State};
use windlass_tui::theme::Theme;
use windlass_tui::update::update;

use crate::fixture::{Console, NOW, World, health, migrations, routes};

const SMALL: [(u16, u16); 2] = [(80, 24), (60, 15)];

fn console(keys: &str) -> Console {
    let mut console = Console::new(World::Loaded, (80, 24));
    console.keys(keys);
    console
}

fn shot(console: &Console) -> String {
    console.shot(&Theme::default())
}

fn said(console: &Console) -> &str {
    console.state.line.as_ref().map_or("", |line| line.text.as_str())
}

/// What it asked to be done, apart from streams and questions.
fn done(console: &Console) -> Vec<&Effect> {
    let all = console.effects.iter();
    all.filter(|effect| !matches!(effect, Effect::Watch(_))).collect()
}

fn control(console: &mut Console, c: char) {
    console.tell(Message::Key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL)));
}

/// The same keys at the small sizes, as one snapshot.
fn shots(name: &str, keys: &[&str]) {
    let mut all = String::new();
    for size in SMALL {
        let mut console = Console::new(World::Loaded, size);
        for keys in keys {
            console.keys(keys);
            all.push_str(&format!("{}x{} {keys}\n{}\n", size.0, size.1, shot(&console)));
        }
    }
    insta::assert_snapshot!(name, all);
}

#[test]
fn the_parts_of_a_route() {
    shots(
        "route_reading",
        &[
            "2/reports<enter><enter>",
            "<esc><esc>/get leads<enter><enter>",
            "l",
            "G",
            "l",
            "ll",
            "l",
        ],
    );
    shots(
        "route_writing",
        &["2/post -near<enter><enter>ll", "<pgdn>", "<left><left>"],
    );
    shots("route_disabled", &["2/disabled<enter><enter>"]);
}

#[test]
fn the_parts_of_a_migration() {
    shots("migration_failed", &["3<enter>", "l", "l", "l"]);
    shots("migration_rehearsed", &["3jc", "<pgdn>", "l", "<esc>"]);
    shots(
        "migration_others",
        &["3jj<enter>", "l", "<esc>j<enter>", "<esc>j<enter>", "ll"],
    );
}

#[test]
fn the_confirmations_of_migrations() {
    shots("migration_apply", &["W3a", "<pgdn>"]);
    shots("migration_undo", &["W3u"]);
}

#[test]
fn a_wide_terminal_says_how_rehearsals_went() {
    let mut console = Console::new(World::Loaded, (120, 40));
    console.keys("3jc<esc>");
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
    assert!(text.contains("Path (7) /leads -timel…"), "{text}");
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
    let expect = vec![migrations::FAILED.to_owned(), migrations::PENDING.to_owned()];
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
    let expect = last.to_owned();
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
    assert_eq!(nothing("3c"), "no migration is selected");
    assert_eq!(nothing("2t"), "no route is selected");
    let console = console("3Gc");
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
    let mut console = console("3j");
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
fn a_form_opens_when_its_route_is_known_unless_one_went_on() {
    let ask = Ask::Route {
        route: "GET /api/leads".to_owned(),
    };
    let answer = || Answer::Route(Box::new(routes::route(World::Loaded, "GET /api/leads").unwrap()));
    let t = || Message::Key(KeyEvent::new(KeyCode::Char('t'), KeyModifiers::NONE));
    let mut waits = console("2jjj");
    assert!(update(&mut waits.state, t()).contains(&Effect::Ask(ask.clone())));
    assert!(waits.state.overlay.is_none());
    waits.tell(Message::Answered(ask.clone(), Ok(answer())));
    assert!(matches!(waits.state.overlay, Some(Overlay::Form(_))));
    let mut went_on = console("2jjj");
    update(&mut went_on.state, t());
    went_on.keys("j");
    went_on.tell(Message::Answered(ask, Ok(answer())));
    assert!(went_on.state.overlay.is_none());
}

#[test]
fn a_form_builds_the_request() {
    // The second input is the order, the fourth the offset, the last one a header.
    let mut console = console("2/get leads<enter>t");
    console.keys("<down>score.desc,id<down><down>a b&c=ü/'{x}+%<backtab><backtab><backtab><backtab>count=exact<enter>");
    let [Effect::Try(trial)] = done(&console)[..] else {
        panic!("{:?}", done(&console))
    };
    assert_eq!(trial.method, "GET");
    assert_eq!(
        trial.target,
        "/api/leads?order=score.desc,id&offset=a%20b%26c%3D%C3%BC%2F%27%7Bx%7D%2B%25"
    );
    assert_eq!(
        trial.headers.iter().collect::<Vec<_>>(),
        [(&"Prefer".to_owned(), &"count=exact".to_owned())]
    );
    assert_eq!(trial.body, None);
    // Enter waits for the reply.
    console.keys("<enter>");
    assert_eq!(done(&console).len(), 1);
    assert!(shot(&console).contains("i sent; waiting for the reply…"));
}

#[test]
fn a_form_says_what_is_missing_or_wrong() {
    let mut console = console("W2/patch<enter>t<enter>");
    assert_eq!(said(&console), "id is missing: bigint: Which one");
    console.keys("..<enter>");
    assert_eq!(said(&console), "id: `..` would leave the path");
    console.keys("<backspace><backspace>7/8<down><down>x<enter>");
    assert_eq!(said(&console), "the body is no JSON: at 83: trailing characters");
    console.keys("<backspace><enter>");
    let [Effect::Try(trial)] = done(&console)[..] else {
        panic!("{:?}", done(&console))
    };
    assert_eq!(trial.target, "/api/leads/7%2F8");
    assert_eq!(
        trial.body.as_deref(),
        Some(r#"{"email":"ada@example.com","name":"Ada O'Fisher","score":40,"tags":["newsletter"]}"#)
    );
    assert_eq!(
        trial.headers.get("Content-Type").map(String::as_str),
        Some("application/json")
    );
}

#[test]
fn a_form_that_changes_something_needs_writes_to_be_allowed() {
    let mut console = console("2/post -near<enter>t<enter>");
    assert!(said(&console).starts_with("read-only"), "{}", said(&console));
    assert!(done(&console).is_empty());
    // Reading and copying are free.
    control(&mut console, 'y');
    assert_eq!(
        done(&console),
        [&Effect::Copy(
            "curl -X POST http://127.0.0.1:8080/api/leads -H 'Content-Type: application/json' --data-raw \
             '{\"email\":\"ada@example.com\",\"name\":\"Ada O'\\''Fisher\",\"score\":40,\"tags\":[\"newsletter\"]}'"
                .to_owned()
        )]
    );
}

#[test]
fn replies_are_laid_out_and_scroll() {
    let mut all = String::new();
    for size in SMALL {
        let mut console = Console::new(World::Loaded, size);
        console.keys("2/get leads<enter>t<down>score.desc<enter>");
        let Some(Effect::Try(trial)) = console.effects.pop() else {
            panic!()
        };
        let body =
            r#"[{"id":1,"email":"ada@example.com","score":12345678901234567890.50,"tags":[]},{"id":2,"name":"Zoë"#;
        let reply = Reply {
            status: 206,
            headers: vec![
                ("content-type".to_owned(), "application/json; charset=utf-8".to_owned()),
                ("content-range".to_owned(), "0-49/184220".to_owned()),
            ],
            body: body.to_owned(),
            cut: true,
            duration_us: 5_430,
        };
        let result = Ok(reply);
        console.tell(Message::Tried(TrialReply { trial, result }));
        all.push_str(&shot(&console));
        console.keys(&"<pgdn>".repeat(9));
        all.push_str(&shot(&console));
        assert!(shot(&console).contains("the rest is not shown"), "{}", shot(&console));
        console.keys(&"<pgup>".repeat(9));
        assert!(shot(&console).contains("content-type: application/json"));
        let Some(Overlay::Form(form)) = &console.state.overlay else {
            panic!()
        };
        let trial = form.trial().unwrap();
        let result = Err("connection refused".to_owned());
        console.tell(Message::Tried(TrialReply { trial, result }));
        all.push_str(&shot(&console));
    }
    insta::assert_snapshot!("form_reply", all);
    shots(
        "form_empty",
        &["2/get leads<enter>t", "<esc><esc>/patch<enter>t", "7<tab><tab>"],
    );
}

#[test]
fn routes_are_copied() {
    for (keys, expected) in [
        ("2jjjy", "GET /api/leads"),
        ("2jjj<enter>y", "GET /api/leads"),
        ("2jjjY", "curl http://127.0.0.1:8080/api/leads"),
        (
            "2/get leads/<enter>jY",
            "curl --globoff 'http://127.0.0.1:8080/api/leads/{id}/timeline'",
        ),
        (
            "2/delete<enter>Y",
            "curl --globoff -X DELETE 'http://127.0.0.1:8080/api/leads/{id}'",
        ),
        (
            "2/post -near<enter>Y",
            "curl -X POST http://127.0.0.1:8080/api/leads -H 'Content-Type: application/json' --data-raw \
             '{\"email\":\"ada@example.com\",\"name\":\"Ada O'\\''Fisher\",\"score\":40,\"tags\":[\"newsletter\"]}'",
        ),
        ("3jy", migrations::PENDING),
    ] {
        let console = console(keys);
        assert_eq!(done(&console), [&Effect::Copy(expected.to_owned())], "{keys}");
    }
    // In the parts with SQL, that is what is copied.
    let console = console("2jjj<enter>hhy");
    let [Effect::Copy(text)] = done(&console)[..] else {
        panic!()
    };
    assert!(text.starts_with("select id"), "{text}");
}

#[test]
fn commands_are_quoted_for_a_shell() {
    let trial = |address: &str, method: &str, target: &str, body: Option<&str>| Trial {
        address: address.to_owned(),
        method: method.to_owned(),
        target: target.to_owned(),
        headers: [("Prefer".to_owned(), "count=exact".to_owned())].into(),
        body: body.map(ToOwned::to_owned),
    };
    for (trial, expected) in [
        (
            trial("unix:/run/my app/http.sock", "GET", "/api/leads?order=id&limit=2", None),
            "curl --unix-socket '/run/my app/http.sock' 'http://localhost/api/leads?order=id&limit=2' -H 'Prefer: count=exact'",
        ),
        (
            trial("http://[::1]:8080/", "HEAD", "/api/leads", None),
            "curl --head 'http://[::1]:8080/api/leads' -H 'Prefer: count=exact'",
        ),
        (
            trial("http://h", "PUT", "/a", Some("{\"a\":\"it's $HOME `x` \\\\ !\"}")),
            r#"curl -X PUT http://h/a -H 'Prefer: count=exact' --data-raw '{"a":"it'\''s $HOME `x` \\ !"}'"#,
        ),
        (
            trial("http://h", "POST", "/a", Some("@file")),
            "curl -X POST http://h/a -H 'Prefer: count=exact' --data-raw @file",
        ),
    ] {
        assert_eq!(trial.curl(), expected);
    }
}
