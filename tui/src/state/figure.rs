//! A short fact with its meaning, such as `3 active`; several of them make a line.

use crate::theme::Tone;

/// A fact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figure {
    /// What it means.
    pub tone: Tone,
    /// What it says.
    pub text: String,
}

impl Figure {
    /// Just so.
    #[must_use]
    pub fn plain(text: impl Into<String>) -> Self {
        Self::new(Tone::Plain, text)
    }

    /// With a meaning, whose mark stands before it.
    #[must_use]
    pub fn new(tone: Tone, text: impl Into<String>) -> Self {
        Self {
            tone,
            text: text.into(),
        }
    }

    /// The fact in this tone if there is anything to count.
    #[must_use]
    pub fn counted(tone: Tone, count: usize, what: &str) -> Option<Self> {
        (count > 0).then(|| Self::new(tone, format!("{count} {what}")))
    }
}
