//! Where the time of one request went. Nothing is allocated: a clock and seven numbers.

use std::time::{Duration, Instant};

use super::traffic::StageTime;

/// The parts of a request's time, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Finding the route, reading head and body.
    Request,
    /// The body against the contract.
    Validate,
    /// Names become fields, access is decided.
    Plan,
    /// The statement's text.
    Sql,
    /// Waiting for a lane.
    Wait,
    /// The database at work, and its rows becoming JSON.
    Db,
    /// The reply's head.
    Http,
}

impl Stage {
    /// All of them, in order.
    pub const ALL: [Self; 7] = [
        Self::Request,
        Self::Validate,
        Self::Plan,
        Self::Sql,
        Self::Wait,
        Self::Db,
        Self::Http,
    ];

    /// Its name, as [`StageTime`] has it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Validate => "validate",
            Self::Plan => "plan",
            Self::Sql => "sql",
            Self::Wait => "wait",
            Self::Db => "db",
            Self::Http => "http",
        }
    }
}

/// The time of each stage; zero for one that was not reached.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stages([Duration; Stage::ALL.len()]);

impl Stages {
    /// Adds to a stage.
    pub fn add(&mut self, stage: Stage, time: Duration) {
        if let Some(sum) = self.0.get_mut(stage as usize) {
            *sum += time;
        }
    }

    /// Those that were reached, in order.
    pub fn reached(&self) -> impl Iterator<Item = (Stage, Duration)> {
        Stage::ALL.into_iter().zip(self.0).filter(|(_, time)| !time.is_zero())
    }

    /// The stages that were reached, for whoever looks on.
    #[must_use]
    pub fn told(&self) -> Vec<StageTime> {
        self.reached()
            .map(|(stage, time)| StageTime {
                stage: stage.as_str().to_owned(),
                us: u64::try_from(time.as_micros()).unwrap_or(u64::MAX),
            })
            .collect()
    }
}

/// A clock that runs through a request, always in one stage.
#[derive(Debug, Clone)]
pub struct Stopwatch {
    started: Instant,
    last: Instant,
    stage: Stage,
    stages: Stages,
}

impl Stopwatch {
    /// Starts in the first stage.
    #[must_use]
    pub fn start() -> Self {
        let now = Instant::now();
        Self {
            started: now,
            last: now,
            stage: Stage::Request,
            stages: Stages::default(),
        }
    }

    /// Ends the stage it is in, and begins another; nothing happens if it is in this one.
    pub fn enter(&mut self, stage: Stage) {
        if self.stage != stage {
            self.end();
            self.stage = stage;
        }
    }

    fn end(&mut self) {
        let now = Instant::now();
        // `last` may be ahead after `waited`, if clocks of two threads differ by a hair.
        self.stages.add(self.stage, now.saturating_duration_since(self.last));
        self.last = now;
    }

    /// Says that a part of the stage it is in was spent waiting for a lane.
    pub fn waited(&mut self, time: Duration) {
        self.stages.add(Stage::Wait, time);
        self.last += time;
    }

    /// Says that all of the stage it is in was spent waiting for a lane, in vain.
    pub fn waited_in_vain(&mut self) {
        self.stage = Stage::Wait;
    }

    /// Ends the last stage; from the start until now.
    pub fn stop(&mut self) -> Duration {
        self.end();
        self.last - self.started
    }

    /// The time of each stage that has ended.
    #[must_use]
    pub fn stages(&self) -> &Stages {
        &self.stages
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_add_up_to_the_whole() {
        let mut watch = Stopwatch::start();
        watch.enter(Stage::Plan);
        watch.enter(Stage::Db);
        let waited = Duration::from_millis(2);
        std::thread::sleep(waited);
        watch.waited(waited);
        watch.enter(Stage::Http);
        let whole = watch.stop();
        let reached: Vec<_> = watch.stages().reached().collect();
        assert_eq!(reached.iter().map(|(_, time)| *time).sum::<Duration>(), whole);
        assert!(reached.contains(&(Stage::Wait, waited)), "{reached:?}");
        assert!(
            reached
                .iter()
                .all(|(stage, _)| !matches!(stage, Stage::Validate | Stage::Sql))
        );
    }

    #[test]
    fn an_error_ends_in_the_stage_where_it_came() {
        let mut watch = Stopwatch::start();
        watch.enter(Stage::Db);
        watch.waited_in_vain();
        watch.enter(Stage::Http);
        watch.stop();
        let names: Vec<_> = watch.stages().reached().map(|(stage, _)| stage.as_str()).collect();
        assert!(names.contains(&"wait") && !names.contains(&"db"), "{names:?}");
    }
}
