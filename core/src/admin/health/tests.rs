use super::database::{IDLE_MS, LONG_MS};
use super::*;

fn well() -> Facts {
    Facts {
        service: Some(ServiceState::Running),
        database: DatabaseFacts {
            up: Some(true),
            about: "16.13".into(),
            ..DatabaseFacts::default()
        },
        migrations: Some(MigrationFacts::default()),
        reload_failed: None,
        lanes: Some(LaneFacts {
            busy: 1,
            max: 8,
            timeouts: 0,
        }),
        traffic: Some(TrafficFacts {
            requests: 600,
            failed: 0,
            p99_us: 9_300,
        }),
        disk: Some(Amount {
            free: 50 << 30,
            total: 100 << 30,
        }),
        memory: Some(Amount {
            free: 1 << 30,
            total: 2 << 30,
        }),
        connections: Some((12, 43)),
        oldest_transaction: Some((7, 1_000)),
        idle_in_transaction: None,
        invalid_indexes: Some(0),
        wraparound_age: Some(12_000_000),
        disabled_routes: Vec::new(),
        docs: Some(false),
    }
}

fn named(count: usize) -> Named {
    Named {
        count,
        first: "2026-01-01-000000_a".into(),
    }
}

fn migrating(change: impl FnOnce(&mut MigrationFacts)) -> impl FnOnce(&mut Facts) {
    |facts| {
        let mut migrations = MigrationFacts::default();
        change(&mut migrations);
        facts.migrations = Some(migrations);
    }
}

/// The check that a change brings to the top: severity, name, summary, evidence, command.
fn worst(change: impl FnOnce(&mut Facts)) -> String {
    let mut facts = well();
    change(&mut facts);
    let checks = checks(&facts);
    let severities: Vec<Severity> = checks.iter().map(|check| check.severity).collect();
    assert!(severities.is_sorted(), "{checks:#?}");
    let worst = &checks[0];
    for check in &checks {
        let named = check
            .command
            .as_deref()
            .is_none_or(|command| command.starts_with("windlass "));
        assert!(
            named && check.summary.ends_with('.') && !check.summary.contains('\n'),
            "{check:?}"
        );
        assert_eq!(check.next_step.is_some(), check.command.is_some(), "{check:?}");
        assert!(
            matches!(check.severity, Severity::Ok | Severity::Unknown) || check.command.is_some(),
            "no next step: {check:?}"
        );
    }
    let command = worst.command.as_deref().unwrap_or("-");
    format!(
        "{:?} {}: {} [{}] {command}",
        worst.severity, worst.name, worst.summary, worst.evidence
    )
}

#[test]
fn all_is_well() {
    let checks = checks(&well());
    assert!(checks.iter().all(|check| check.severity == Severity::Ok), "{checks:#?}");
    let names: Vec<&str> = checks.iter().map(|check| check.name.as_str()).collect();
    let expected =
        "service database migrations connections transactions indexes wraparound contracts lanes traffic disk memory";
    assert_eq!(names.join(" "), expected);
}

#[test]
fn each_trouble_is_named_with_its_next_step() {
    type Change = Box<dyn FnOnce(&mut Facts)>;
    let amount = |free: u64| {
        Some(Amount {
            free: free << 30,
            total: 100 << 30,
        })
    };
    let traffic = |requests, failed, p99_us| {
        Some(TrafficFacts {
            requests,
            failed,
            p99_us,
        })
    };
    let cases: Vec<(Change, &str)> = vec![
        (
            Box::new(|facts| facts.service = Some(ServiceState::Down)),
            "Critical service: No service runs for this project. [] windlass serve",
        ),
        (
            Box::new(|facts| facts.service = Some(ServiceState::Stopping)),
            "Warning service: The service is stopping: it finishes what is under way and takes nothing new. [] windlass logs",
        ),
        (
            Box::new(migrating(|m| m.failed = named(1))),
            "Critical migrations: 1 migration failed; `windlass migrate status` says where, and whether it left something. [failed: 2026-01-01-000000_a] windlass migrate check",
        ),
        (
            Box::new(migrating(|m| m.pending = named(3))),
            "Warning migrations: 3 migrations are not applied yet. [pending: 2026-01-01-000000_a and 2 more] windlass migrate check",
        ),
        (
            Box::new(migrating(|m| m.drifted = named(1))),
            "Warning migrations: 1 migration was edited after being applied. [edited: 2026-01-01-000000_a] windlass migrate status",
        ),
        (
            Box::new(migrating(|m| m.gone = named(2))),
            "Warning migrations: 2 migrations were applied, but the directory is gone. [gone: 2026-01-01-000000_a and 1 more] windlass migrate status",
        ),
        (
            Box::new(|facts| facts.migrations = None),
            "Unknown migrations: The state of the migrations could not be read. [] windlass migrate status",
        ),
        (
            Box::new(|facts| facts.reload_failed = Some("resources/a.toml:1:1: x".into())),
            "Warning contracts: The resource files could not be read again; those from before are in force. [resources/a.toml:1:1: x] windlass check",
        ),
        (
            Box::new(|facts| facts.connections = Some((40, 43))),
            "Critical connections: The database takes no more connections. [40 of 43] windlass db activity",
        ),
        (
            Box::new(|facts| facts.connections = Some((90, 100))),
            "Warning connections: The database's connections are nearly used up. [90 of 100] windlass db activity",
        ),
        (
            Box::new(|facts| facts.oldest_transaction = Some((7, 300_001))),
            "Warning transactions: A transaction has been open for long: dead rows pile up meanwhile. [session 7, 5 min] windlass db activity",
        ),
        (
            Box::new(|facts| facts.idle_in_transaction = Some((8, 12_000_000))),
            "Warning transactions: A session does nothing in an open transaction and holds its locks. [session 8, 3 h 20 min] windlass db locks",
        ),
        (
            Box::new(|facts| facts.invalid_indexes = Some(2)),
            "Warning indexes: 2 indexes are invalid: writes pay for what no read uses. [] windlass db indexes",
        ),
        (
            Box::new(|facts| facts.wraparound_age = Some(600_000_000)),
            "Warning wraparound: Autovacuum does not keep up: transaction numbers are used up faster. [600 million of 2,147 million transactions] windlass db activity",
        ),
        (
            Box::new(|facts| facts.wraparound_age = Some(1_900_000_000)),
            "Critical wraparound: Postgres will soon take no more writes: its transaction numbers run out. [1900 million of 2,147 million transactions] windlass db activity",
        ),
        (
            Box::new(|facts| {
                facts.lanes = Some(LaneFacts {
                    busy: 8,
                    max: 8,
                    timeouts: 4,
                })
            }),
            "Critical lanes: Requests are refused, as no database connection comes free in time. [8 of 8 at work, 4 refused in a minute] windlass db slow",
        ),
        (
            Box::new(|facts| {
                facts.lanes = Some(LaneFacts {
                    busy: 8,
                    max: 8,
                    timeouts: 0,
                })
            }),
            "Notice lanes: Every exclusive lane is at work. [8 of 8 at work, 0 refused in a minute] windlass db activity",
        ),
        (
            Box::new(move |facts| facts.traffic = traffic(100, 5, 10)),
            "Critical traffic: More than one of twenty requests fails. [100 requests in a minute, 5 failed, p99 0.010 ms] windlass logs",
        ),
        (
            Box::new(move |facts| facts.traffic = traffic(2, 1, 10)),
            "Warning traffic: Some requests failed in the last minute. [2 requests in a minute, 1 failed, p99 0.010 ms] windlass logs",
        ),
        (
            Box::new(move |facts| facts.traffic = traffic(2, 0, 1_500_000)),
            "Warning traffic: One of a hundred requests takes longer than a second. [2 requests in a minute, 0 failed, p99 1500.000 ms] windlass db slow",
        ),
        (
            Box::new(move |facts| facts.disk = amount(14)),
            "Warning disk: The disk fills up. [14.0 GiB of 100.0 GiB free] windlass db tables",
        ),
        (
            Box::new(move |facts| facts.disk = amount(4)),
            "Critical disk: The disk is nearly full: Postgres stops when it is. [4.0 GiB of 100.0 GiB free] windlass db tables",
        ),
        (
            Box::new(|facts| facts.disk = None),
            "Unknown disk: The disk's free space could not be read. [] -",
        ),
        (
            Box::new(move |facts| facts.memory = amount(3)),
            "Critical memory: Memory is nearly used up: the system will kill something. [3.0 GiB of 100.0 GiB free] windlass config",
        ),
        (
            Box::new(|facts| facts.disabled_routes = vec!["GET /api/a".into(), "POST /api/a".into()]),
            "Notice routes: 2 routes are switched off and answer 503. [GET /api/a and 1 more] windlass routes",
        ),
        (
            Box::new(|facts| facts.docs = Some(true)),
            "Notice docs: The docs are served to everybody who reaches the service. [] windlass config",
        ),
    ];
    for (change, expected) in cases {
        assert_eq!(worst(change), expected);
    }
}

#[test]
fn bounds_are_where_they_are_said_to_be() {
    for (free, severity) in [
        (4, Severity::Critical),
        (5, Severity::Warning),
        (14, Severity::Warning),
        (15, Severity::Ok),
        (100, Severity::Ok),
    ] {
        assert_eq!(disk(Some(Amount { free, total: 100 })).severity, severity, "{free} %");
    }
    assert_eq!(Amount::default().percent(), 100);
    let calm = |facts: &mut Facts| {
        facts.oldest_transaction = Some((7, LONG_MS));
        facts.idle_in_transaction = Some((7, IDLE_MS));
    };
    assert!(worst(calm).starts_with("Ok "));
}

#[test]
fn a_database_that_is_down_is_one_trouble() {
    for (restarting, summary) in [
        (
            true,
            "PostgreSQL died and is being started again; requests answer 503 until it is back.",
        ),
        (false, "The database does not answer; requests answer 503."),
    ] {
        let mut facts = well();
        facts.database = DatabaseFacts {
            up: Some(false),
            reason: Some("killed by signal 9".into()),
            restarting,
            ..DatabaseFacts::default()
        };
        facts.migrations = None;
        facts.connections = None;
        let checks = checks(&facts);
        assert_eq!(checks[0].summary, summary);
        assert_eq!(checks[0].evidence, "killed by signal 9");
        let unknown: Vec<&str> = checks
            .iter()
            .filter(|check| check.severity == Severity::Unknown)
            .map(|check| check.name.as_str())
            .collect();
        assert_eq!(unknown, ["tables"]);
    }
    assert!(worst(|facts| facts.database.up = None).starts_with("Unknown database: "));
}

#[test]
fn a_server_that_died_is_told_for_an_hour_after_it_came_back() {
    let restarted =
        |seconds| worst(move |facts| facts.database.restarted = Some((seconds, "killed by signal 9".into())));
    let told = restarted(70);
    assert!(
        told.starts_with("Warning database: PostgreSQL died and was started again 1 min ago.")
            && told.contains("signal 9"),
        "{told}"
    );
    assert!(restarted(3600).starts_with("Ok "));
}
