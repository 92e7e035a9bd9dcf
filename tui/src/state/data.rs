//! What was answered, and when: the last value stays when a newer one cannot be had.

use std::collections::HashMap;

use windlass_core::admin::protocol::{
    Activity, Answer, Ask, AuditEntry, IndexFigures, LockNode, LogLine, MigrationFiles, MigrationStatus, Rehearsal,
    RouteDetail, RouteLine, Setting, SlowStatements, Status, TableFigures,
};

use crate::message::Refusal;

/// Answers by question.
#[derive(Debug, Default)]
pub struct Data {
    kept: HashMap<Ask, Fresh>,
}

/// One question's last answer.
#[derive(Debug, Default)]
struct Fresh {
    value: Option<Answer>,
    /// When it was answered; Unix time in milliseconds.
    at: Option<i64>,
    /// When it was asked last, and whether the answer is still out.
    asked: Option<i64>,
    pending: bool,
    refusal: Option<Refusal>,
}

/// Most questions that are kept: details of routes and migrations come and go.
const KEPT: usize = 64;

macro_rules! answers {
    ($($(#[$doc:meta])* $name:ident: $ask:expr => $variant:ident($kind:ty);)*) => {
        $($(#[$doc])*
        #[must_use]
        pub fn $name(&self) -> Option<&$kind> {
            match self.value(&$ask)? {
                Answer::$variant(value) => Some(value),
                _ => None,
            }
        })*
    };
}

impl Data {
    answers! {
        /// How the service is.
        status: Ask::Status => Status(Status);
        /// Every route.
        routes: Ask::Routes => Routes(Vec<RouteLine>);
        /// Every migration.
        migrations: Ask::Migrations => Migrations(Vec<MigrationStatus>);
        /// Lanes and sessions.
        activity: Ask::Activity => Activity(Activity);
        /// Slow statements.
        slow: Ask::SlowStatements => SlowStatements(SlowStatements);
        /// Who waits for whom.
        locks: Ask::Locks => Locks(Vec<LockNode>);
        /// Tables.
        tables: Ask::Tables => Tables(Vec<TableFigures>);
        /// Indexes.
        indexes: Ask::Indexes => Indexes(Vec<IndexFigures>);
        /// Settings.
        settings: Ask::Settings => Settings(Vec<Setting>);
        /// What was done.
        audit: Ask::Audit => Audit(Vec<AuditEntry>);
        /// The last lines of the log, oldest first.
        logs: Ask::Logs => Logs(Vec<LogLine>);
    }

    /// One route in full.
    #[must_use]
    pub fn route(&self, route: &str) -> Option<&RouteDetail> {
        match self.value(&Ask::Route {
            route: route.to_owned(),
        })? {
            Answer::Route(detail) => Some(detail),
            _ => None,
        }
    }

    /// One migration's files.
    #[must_use]
    pub fn migration(&self, name: &str) -> Option<&MigrationFiles> {
        match self.value(&Ask::Migration { name: name.to_owned() })? {
            Answer::Migration(files) => Some(files),
            _ => None,
        }
    }

    /// What pending migrations would do.
    #[must_use]
    pub fn rehearsal(&self, upto: Option<&str>) -> Option<&[Rehearsal]> {
        match self.value(&Ask::Rehearse {
            upto: upto.map(ToOwned::to_owned),
        })? {
            Answer::Rehearse(found) => Some(found),
            _ => None,
        }
    }

    fn value(&self, ask: &Ask) -> Option<&Answer> {
        self.kept.get(ask)?.value.as_ref()
    }

    /// Why the last answer was refused.
    #[must_use]
    pub fn refusal(&self, ask: &Ask) -> Option<&Refusal> {
        self.kept.get(ask)?.refusal.as_ref()
    }

    /// When the value that is shown was answered.
    #[must_use]
    pub fn answered_at(&self, ask: &Ask) -> Option<i64> {
        self.kept.get(ask)?.at
    }

    /// Whether the answer is still out.
    #[must_use]
    pub fn is_pending(&self, ask: &Ask) -> bool {
        self.kept.get(ask).is_some_and(|fresh| fresh.pending)
    }

    /// When the question is due again; `None` if its answer is out, or it is asked once and was.
    #[must_use]
    pub fn due(&self, ask: &Ask, every: i64) -> Option<i64> {
        let Some(fresh) = self.kept.get(ask) else {
            return Some(i64::MIN);
        };
        match fresh.asked {
            _ if fresh.pending => None,
            None => Some(i64::MIN),
            Some(_) if every == 0 => None,
            Some(asked) => Some(asked + every),
        }
    }

    /// Notes that it is asked now.
    pub fn asked(&mut self, ask: &Ask, now: i64) {
        if self.kept.len() >= KEPT && !self.kept.contains_key(ask) {
            let oldest = self
                .kept
                .iter()
                .filter(|(_, fresh)| !fresh.pending)
                .min_by_key(|(_, fresh)| fresh.asked)
                .map(|(ask, _)| ask.clone());
            if let Some(oldest) = oldest {
                self.kept.remove(&oldest);
            }
        }
        let fresh = self.kept.entry(ask.clone()).or_default();
        fresh.asked = Some(now);
        fresh.pending = true;
    }

    /// Keeps an answer; whether something that is shown has changed.
    pub fn answered(&mut self, ask: &Ask, answer: Result<Answer, Refusal>, now: i64) -> bool {
        let fresh = self.kept.entry(ask.clone()).or_default();
        let waited = std::mem::replace(&mut fresh.pending, false);
        match answer {
            Ok(value) => {
                let changed = fresh.value.as_ref() != Some(&value) || fresh.refusal.is_some();
                fresh.value = Some(value);
                fresh.at = Some(now);
                fresh.refusal = None;
                changed || waited && matches!(ask, Ask::Rehearse { .. })
            }
            Err(refusal) => {
                let changed = fresh.refusal.as_ref() != Some(&refusal);
                fresh.refusal = Some(refusal);
                changed
            }
        }
    }

    /// Everything may be asked again at once, except what is out: its answer will come.
    pub fn refresh(&mut self) {
        for fresh in self.kept.values_mut() {
            fresh.asked = None;
        }
    }

    /// Everything may be asked again at once; what is out is given up, as whoever was asked has gone.
    pub fn expire(&mut self) {
        for fresh in self.kept.values_mut() {
            fresh.asked = None;
            fresh.pending = false;
        }
    }

    /// This question may be asked again at once.
    pub fn expire_one(&mut self, ask: &Ask) {
        if let Some(fresh) = self.kept.get_mut(ask) {
            fresh.asked = None;
        }
    }

    /// Forgets an answer.
    pub fn forget(&mut self, ask: &Ask) {
        self.kept.remove(ask);
    }
}
