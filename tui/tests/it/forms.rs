//! Routes that are tried with a form, and requests as commands.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use windlass_core::admin::protocol::{Answer, Ask};
use windlass_tui::effect::Effect;
use windlass_tui::message::Message;
use windlass_tui::state::Overlay;
use windlass_tui::state::trial::{Reply, Trial, TrialReply};
use windlass_tui::update::update;

use crate::acts::{SMALL, console, done, said, shot, shots};
use crate::fixture::{Console, World, migrations, routes};

fn control(console: &mut Console, c: char) {
    console.tell(Message::Key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL)));
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
    insta::assert_snapshot!(
        "form_empty",
        shots(&["2/get leads<enter>t", "<esc><esc>/patch<enter>t", "7<tab><tab>"])
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
