//! What the service knows of itself after real requests.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use reqwest::Method;
use windlass_core::app::Published;
use windlass_core::contract::Snapshot;
use windlass_core::db::lane::LaneOptions;
use windlass_core::telemetry::feed::{Heard, Listener};
use windlass_core::telemetry::traffic::Exchange;
use windlass_core::telemetry::traffic::filter::Filter;

use crate::app::{Answer, App, Setup, with_app};

const ADA: &str = r#"{"email":"ada@example.com","name":"Ada"}"#;

async fn heard(listener: &mut Listener<Exchange>) -> Arc<Exchange> {
    let next = tokio::time::timeout(Duration::from_secs(5), listener.next()).await;
    match next.unwrap() {
        Some(Heard::Next(exchange)) => exchange,
        other => panic!("{other:?}"),
    }
}

fn stages(exchange: &Exchange) -> String {
    let names: Vec<&str> = exchange.stages.iter().map(|time| time.stage.as_str()).collect();
    names.join(" ")
}

#[test]
fn every_request_is_counted_and_shown_to_who_looks_on() {
    with_app(Setup::default(), |app| async move {
        // Before anybody looks on.
        app.post("/api/people", ADA).await.is(201);
        let mut listener = app.context.telemetry.listen();
        app.post("/api/people", ADA).await.is(409);
        app.get("/api/people/1?select=id").await.is(200);
        app.get("/api/people?score=gt.5&order=name").await.is(200);
        app.post("/api/people", "{}").await.is(422);
        app.get("/api/people/1?nope=eq.1").await.is(400);
        app.send(Method::POST, "/api/people/1", "{}").await.is(405);
        app.get("/nowhere?token=secret").await.is(404);
        Answer::of(app.request(Method::HEAD, "/api/people/1")).await.is(200);
        app.send(Method::PATCH, "/api/people/1", r#"{"score":7}"#).await.is(200);
        app.send(Method::DELETE, "/api/people/1", "").await.is(204);
        let written = "request validate plan sql wait db http";
        let mut told = Vec::new();
        for (line, reached) in [
            (
                "POST /api/people · POST /api/people 409 unique_conflict",
                "request validate plan sql db http",
            ),
            (
                "GET /api/people/1 · GET /api/people/{id} 200",
                "request plan sql wait db http",
            ),
            ("GET /api/people · GET /api/people 200", "request plan sql wait db http"),
            (
                "POST /api/people · POST /api/people 422 validation_failed",
                "request validate http",
            ),
            (
                "GET /api/people/1 · GET /api/people/{id} 400 bad_query",
                "request plan http",
            ),
            ("POST /api/people/1 · - 405 method_not_allowed", "request http"),
            ("GET /nowhere · - 404 route_not_found", "request http"),
            (
                "HEAD /api/people/1 · GET /api/people/{id} 200",
                "request plan sql wait db http",
            ),
            ("PATCH /api/people/1 · PATCH /api/people/{id} 200", written),
            (
                "DELETE /api/people/1 · DELETE /api/people/{id} 204",
                "request plan sql wait db http",
            ),
        ] {
            let exchange = heard(&mut listener).await;
            let Exchange {
                method,
                path,
                route,
                status,
                code,
                ..
            } = &*exchange;
            let code = code.as_ref().map(|code| format!(" {code}")).unwrap_or_default();
            let route = route.as_deref().unwrap_or("-");
            assert_eq!(format!("{method} {path} · {route} {status}{code}"), line);
            assert_eq!(stages(&exchange), reached, "{line}");
            let sum: u64 = exchange.stages.iter().map(|time| time.us).sum();
            assert!(
                sum <= exchange.duration_us && exchange.duration_us < sum + 20,
                "{exchange:?}"
            );
            assert_eq!(exchange.bytes > 0, *method != "HEAD" && *status != 204, "{line}");
            assert!(exchange.at > 1_700_000_000_000 && exchange.request_id.len() == 36);
            told.push(exchange);
        }
        assert!(told.windows(2).all(|pair| pair[0].number + 1 == pair[1].number));
        let filter = Filter::parse("status:4xx route:/api/people -code:unique_conflict").unwrap();
        assert_eq!(told.iter().filter(|exchange| filter.matches(exchange)).count(), 2);

        let figures = |route: &str| {
            let figures = app.context.telemetry.figures(route).unwrap();
            assert_eq!(figures.requests > 0, figures.p50_us > 0, "{figures:?}");
            (figures.requests, figures.refused, figures.failed)
        };
        assert_eq!(figures("POST /api/people"), (3, 2, 0));
        assert_eq!(figures("GET /api/people/{id}"), (3, 1, 0));
        assert_eq!(figures("GET /api/busy"), (0, 0, 0));
        assert!(app.context.telemetry.figures("GET /nowhere").is_none());
    });
}

#[test]
fn refusals_carry_their_headers() {
    with_app(Setup::default(), |app| async move {
        for (path, method, allowed) in [
            // `PUT` on a collection is about the row that a filter names.
            (
                "/api/people",
                Method::TRACE,
                "GET, HEAD, POST, PATCH, DELETE, PUT, OPTIONS",
            ),
            ("/api/people/1", Method::POST, "GET, HEAD, PUT, PATCH, DELETE, OPTIONS"),
        ] {
            let answer = app.send(method, path, "{}").await.is(405);
            assert_eq!(answer.header("allow"), allowed);
            assert_eq!(answer.json()["hint"], format!("allowed are {allowed}"));
        }
        app.post("/api/people", ADA).await.is(201);
        let beyond = app
            .request(Method::GET, "/api/people?offset=5")
            .header("prefer", "count=exact");
        let answer = Answer::of(beyond).await.is(416);
        assert_eq!(answer.header("content-range"), "*/1");
        assert_eq!(answer.json()["hint"], "ask for an offset below 1, or for none");
    });
}

#[test]
fn a_route_is_switched_off_and_stays_off_when_the_snapshot_changes() {
    with_app(Setup::default(), |app| async move {
        app.get("/api/people").await.is(200);
        let off = HashSet::from(["GET /api/people".to_owned(), "GET /api/not-yet".to_owned()]);
        app.context.set_disabled(off);
        let refused = async |app: &App| {
            let answer = app.get("/api/people?nope=eq.1").await.is(503);
            assert_eq!(answer.json()["code"], "route_disabled", "before any other work");
            Answer::of(app.request(Method::HEAD, "/api/people")).await.is(503);
        };
        refused(&app).await;
        app.post("/api/people", ADA).await.is(201);
        app.get("/api/people/1").await.is(200);
        assert!(app.context.is_disabled("GET /api/people") && !app.context.is_disabled("POST /api/people"));

        let resources = app.context.published.load().snapshot.resources.clone();
        let fewer: Vec<_> = resources
            .iter()
            .filter(|resource| resource.name != "busy")
            .cloned()
            .collect();
        let snapshot = Snapshot::new("Changed".into(), "2".into(), fewer);
        app.context.publish(Published::new(snapshot).unwrap());
        app.get("/api/busy").await.is(404);
        refused(&app).await;
        app.context.set_disabled(HashSet::new());
        app.get("/api/people").await.is(200);
        assert_eq!(app.get("/openapi.json").await.json()["info"]["title"], "Changed");
        let figures = app.context.telemetry.figures("GET /api/people").unwrap();
        assert_eq!((figures.requests, figures.failed), (6, 4), "figures survive the change");
    });
}

#[test]
fn lanes_tell_their_state_and_their_statements() {
    let setup = Setup {
        lanes: LaneOptions {
            shared: 2,
            exclusive: 1,
            wait: Duration::from_millis(300),
            statement_timeout: Duration::from_secs(15),
        },
        ..Setup::default()
    };
    with_app(setup, |app| async move {
        for number in 0..3 {
            let body = format!(r#"{{"email":"{number}@example.com","name":"N"}}"#);
            app.post("/api/people", &body).await.is(201);
        }
        app.get("/api/people").await.is(200);
        app.get("/api/people/1").await.is(200);
        app.get("/api/people/2").await.is(200);
        let state = app.context.lanes.state();
        assert_eq!((state.shared, state.shared_max), (2, 2), "one each");
        assert_eq!((state.exclusive, state.exclusive_busy, state.exclusive_max), (1, 0, 1));
        let slow = app.context.lanes.slow();
        let mut told: Vec<_> = slow
            .iter()
            .map(|told| (told.statement.split(' ').next().unwrap(), told.calls, told.rows))
            .collect();
        told.sort_unstable();
        assert_eq!(told, [("INSERT", 3, 3), ("SELECT", 1, 3), ("SELECT", 2, 2)]);
        assert!(
            slow.iter()
                .all(|told| told.max_ms > 0.0 && told.max_ms <= told.total_ms)
        );

        // One request holds the only lane; the next one waits in vain.
        let owner = app.owner().await;
        owner.batch_execute("begin; lock table people").await.unwrap();
        let mut listener = app.context.telemetry.listen();
        let held = {
            let app = Arc::clone(&app);
            tokio::spawn(async move { app.get("/api/people").await })
        };
        let blocked = async {
            while app.context.lanes.state().exclusive_busy == 0 {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(5), blocked).await.unwrap();
        let answer = app.get("/api/people").await.is(503);
        assert_eq!(answer.json()["code"], "pool_timeout");
        let exchange = heard(&mut listener).await;
        assert_eq!(stages(&exchange), "request plan sql wait http");
        let wait = exchange.stages.iter().find(|time| time.stage == "wait").unwrap();
        assert!(wait.us >= 290_000, "{exchange:?}");
        owner.batch_execute("rollback").await.unwrap();
        held.await.unwrap().is(200);
        assert_eq!(app.context.lanes.state().timeouts, 1);
        let longest = app.context.lanes.slow().remove(0);
        assert!(
            longest.max_ms >= 290.0,
            "what waits for a lock is slow, too: {longest:?}"
        );
    });
}

/// A connection may keep a statement that nobody else remembers, when many others have run elsewhere meanwhile.
#[test]
fn more_statements_than_are_remembered_hold_up_nobody() {
    let setup = Setup {
        lanes: LaneOptions {
            shared: 4,
            exclusive: 1,
            wait: Duration::from_secs(5),
            statement_timeout: Duration::from_secs(15),
        },
        ..Setup::default()
    };
    with_app(setup, |app| async move {
        app.post("/api/people", ADA).await.is(201);
        let fields = ["id", "email", "name", "mood", "score", "joined"];
        let mut orders = vec![Vec::new()];
        for _ in fields {
            let longer = |order: &Vec<&'static str>| {
                let order = order.clone();
                let left = fields.into_iter().filter(move |field| !order.contains(field));
                left.collect::<Vec<_>>()
            };
            orders = orders
                .iter()
                .flat_map(|order| {
                    longer(order)
                        .into_iter()
                        .map(|field| [order.as_slice(), &[field]].concat())
                })
                .collect();
        }
        let again = 16;
        let first = std::iter::repeat_n(&orders[0], again);
        let last = std::iter::repeat_n(&orders[0], again);
        for order in first.chain(&orders).chain(last) {
            let path = format!("/api/people/1?select={}", order.join(","));
            let answer = tokio::time::timeout(Duration::from_secs(10), app.get(&path)).await;
            answer.expect("the lane goes on").is(200);
        }
    });
}
