//! What becomes of requests that would cost the database too much.

/// What is done about something; the stricter is the greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stance {
    /// Nothing; it is not even looked at.
    Off,
    /// It is told in the log, and answered.
    Warn,
    /// It is refused.
    Refuse,
}

impl Stance {
    /// Its words.
    pub const ALL: &'static [&'static str] = &["off", "warn", "refuse"];

    /// The stance of a word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "off" => Some(Self::Off),
            "warn" => Some(Self::Warn),
            "refuse" => Some(Self::Refuse),
            _ => None,
        }
    }

    /// Its word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Warn => "warn",
            Self::Refuse => "refuse",
        }
    }
}

/// A `[cost]` section: of `windlass.toml`, of a resource, or of one role there. What it leaves out is said elsewhere.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CostRules {
    /// What becomes of filters that no index can serve.
    pub unindexed: Option<Stance>,
    /// Most rows that a step of the statement may give, as Postgres's planner estimates.
    pub max_rows: Option<u32>,
    /// Highest total cost, in the planner's units.
    pub max_cost: Option<u32>,
    /// What becomes of an estimate over one of these bounds.
    pub over: Option<Stance>,
}

impl CostRules {
    /// These rules, with what they leave out taken from others.
    #[must_use]
    pub fn or(self, others: Self) -> Self {
        Self {
            unindexed: self.unindexed.or(others.unindexed),
            max_rows: self.max_rows.or(others.max_rows),
            max_cost: self.max_cost.or(others.max_cost),
            over: self.over.or(others.over),
        }
    }

    /// What becomes of filters that no index can serve: nothing, where nothing is said.
    #[must_use]
    pub fn unindexed(&self) -> Stance {
        self.unindexed.unwrap_or(Stance::Off)
    }

    /// What becomes of an estimate over a bound. Without a bound there is none.
    #[must_use]
    pub fn over(&self) -> Stance {
        if self.max_rows.is_none() && self.max_cost.is_none() {
            return Stance::Off;
        }
        self.over.unwrap_or(Stance::Refuse)
    }
}
