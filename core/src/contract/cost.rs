//! What a request may cost the database, by the role of who asks.

use crate::config::CostRules;

/// `[cost]` of a resource file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cost {
    /// For every role.
    pub everyone: CostRules,
    /// What is said of one role goes first.
    pub roles: Vec<(String, CostRules)>,
}

impl Cost {
    /// The rules for a role; `defaults` are those of the project.
    #[must_use]
    pub fn of(&self, role: &str, defaults: CostRules) -> CostRules {
        let own = self.roles.iter().find(|(name, _)| name == role);
        let own = own.map_or_else(CostRules::default, |(_, rules)| *rules);
        own.or(self.everyone).or(defaults)
    }
}
