//! One statement per request, whatever it asks for: counted in Postgres's own log.

use std::path::PathBuf;
use std::time::Duration;

use reqwest::Method;
use windlass_core::db::cluster::Role;
use windlass_core::db::connect;

use super::{uri, with_store};
use crate::app::{Answer, App};

/// Reads of every shape.
const READS: &[&str] = &[
    "orders",
    "orders?select=id&state=eq.open&order=placed.desc&limit=2",
    "orders/1",
    "orders/1?select=id,customers(name),lines(line_no)",
    "orders?id=eq.1&select=customers(name)",
    "customers?select=name,orders(id)",
    "products?select=name,tags(name)",
    "categories?select=name,categories!parent_id(name),up:parent_id(name)",
    "customers?select=name,orders!inner(id)&orders.state=eq.sent",
    "customers?select=name,orders()&orders=is.null",
    "orders?select=id,customers(),receipts()&or=(customers.is.null,receipts.is.null)",
    "orders?select=id,customers(name)&order=customers(name).desc",
    "orders?select=id,...customers(name),...lines(numbers:line_no)",
    "customers?select=name,orders(count())",
    "orders?select=state,count(),total.sum()&order=count.desc",
    "orders?select=count(),customers(city)",
    // Five embeds beside each other, and five inside of each other.
    "orders?select=id,customers(name),billing:billing_id(city),shipping:shipping_id(city),lines(line_no),receipts(number),payments(amount)",
    "tags?select=name,products(name,lines(quantity,orders(id,customers(name,orders(id)))))",
    "customers?select=name,orders(id,lines(line_no,products(name,categories(name,parent_id(name)))))&orders.lines.products.order=name&orders.limit=2",
];

#[test]
fn reads_are_one_statement() {
    with_store(|app| async move {
        let log = Log::of(&app).await;
        for path in READS {
            let path = uri(&format!("/api/{path}")).replace("%3A", ":");
            for (accept, prefer) in [
                ("application/json", ""),
                ("application/json", "count=exact"),
                ("application/x-ndjson", ""),
                ("text/csv", "count=exact"),
            ] {
                if path.contains("/1") && accept != "application/json" || path.contains("products.order") {
                    continue;
                }
                let ask = || {
                    let request = app.request(Method::GET, &path).header("accept", accept);
                    Answer::of(request.header("prefer", prefer))
                };
                // The first run may ask for types that the client library does not know.
                ask().await.is(200);
                log.since_now().await;
                ask().await.is(200);
                let ran = log.since_now().await;
                assert_eq!(ran.len(), 1, "{accept} {prefer} {path}: {ran:#?}");
            }
        }
        // A guess is the planner's answer to another statement; the rows are still one.
        let planned = || {
            let request = app.request(Method::GET, "/api/orders?select=id,lines(line_no)&id=eq.1");
            Answer::of(request.header("prefer", "count=planned"))
        };
        _ = planned().await;
        log.since_now().await;
        _ = planned().await;
        let ran = log.since_now().await;
        assert_eq!(ran.len(), 2, "{ran:#?}");
        assert!(ran.iter().any(|text| text.contains("EXPLAIN")), "{ran:#?}");
        // What a write answers with comes from the write itself.
        let write = || {
            let request = app.request(
                Method::PATCH,
                "/api/orders?id=in.(1,2)&select=id,customers(name),lines(line_no)",
            );
            let request = request.header("prefer", "return=representation, tx=rollback");
            Answer::of(
                request
                    .header("content-type", "application/json")
                    .body(r#"{"total":1}"#),
            )
        };
        write().await.is(200);
        log.since_now().await;
        write().await.is(200);
        let ran = log.since_now().await;
        assert_eq!(ran.len(), 1, "{ran:#?}");
    });
}

/// Postgres's log, in which it writes every statement.
struct Log {
    file: PathBuf,
    read: std::sync::atomic::AtomicUsize,
    marker: tokio_postgres::Client,
}

impl Log {
    async fn of(app: &App) -> Self {
        let marker = connect::open(&app.cluster.endpoint().config(Role::Superuser))
            .await
            .unwrap();
        marker
            .batch_execute("alter system set log_statement = 'all'")
            .await
            .unwrap();
        marker.batch_execute("select pg_reload_conf()").await.unwrap();
        // Every session hears of it before its next statement.
        tokio::time::sleep(Duration::from_millis(300)).await;
        Self {
            file: app.directory.join(".windlass/postgres.log"),
            read: 0.into(),
            marker,
        }
    }

    /// The statements that ran on the lanes since this was asked last; beginnings and ends of transactions are none.
    async fn since_now(&self) -> Vec<String> {
        // What stands before the marker is complete.
        let mark = format!("select 'mark {}'", self.read.load(std::sync::atomic::Ordering::Relaxed));
        self.marker.batch_execute(&mark).await.unwrap();
        let text = std::fs::read_to_string(&self.file).unwrap();
        let from = self.read.swap(text.len(), std::sync::atomic::Ordering::Relaxed);
        let entries = text[from..].lines().filter_map(|line| {
            let said = line.split_once("LOG:  statement: ").or_else(|| {
                let (_, rest) = line.split_once("LOG:  execute ")?;
                rest.split_once(": ")
            });
            said.map(|(_, statement)| statement.to_owned())
        });
        let framing = ["BEGIN", "COMMIT", "ROLLBACK", "SET", "select 'mark"];
        entries
            .filter(|statement| !framing.iter().any(|word| statement.starts_with(word)))
            .collect()
    }
}
