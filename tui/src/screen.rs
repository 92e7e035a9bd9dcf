//! The screens and their digits, which stay the same when later screens come.

/// A screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "named as they are titled")]
pub enum Screen {
    Health,
    Routes,
    Migrations,
    Database,
    Traffic,
    Logs,
    Settings,
}

impl Screen {
    /// In the order of their digits.
    pub const ALL: &'static [Self] = &[
        Self::Health,
        Self::Routes,
        Self::Migrations,
        Self::Database,
        Self::Traffic,
        Self::Logs,
        Self::Settings,
    ];

    /// The key that leads to it.
    #[must_use]
    pub const fn digit(self) -> char {
        match self {
            Self::Health => '1',
            Self::Routes => '2',
            Self::Migrations => '3',
            Self::Database => '4',
            Self::Traffic => '5',
            Self::Logs => '8',
            Self::Settings => '0',
        }
    }

    /// Its title.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Health => "Health",
            Self::Routes => "Routes",
            Self::Migrations => "Migrations",
            Self::Database => "Database",
            Self::Traffic => "Traffic",
            Self::Logs => "Logs",
            Self::Settings => "Settings",
        }
    }

    /// The screen that is `by` places further, around the ends.
    #[must_use]
    pub fn step(self, by: isize) -> Self {
        let at = Self::ALL.iter().position(|screen| *screen == self).unwrap_or_default();
        let count = isize::try_from(Self::ALL.len()).unwrap_or(1);
        let next = (isize::try_from(at).unwrap_or_default() + by).rem_euclid(count);
        let next = usize::try_from(next).unwrap_or_default();
        Self::ALL.get(next).copied().unwrap_or(self)
    }
}
