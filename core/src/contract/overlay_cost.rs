//! Reads `[cost]` of a resource file.

use super::Cost;
use super::overlay_parse::{Key, Reader, Val};
use crate::config::{CostRules, Stance};
use toml::Spanned;

const COST: &[&str] = &["unindexed", "max_rows", "max_cost", "over"];

impl Reader<'_, '_> {
    pub(super) fn cost(&mut self, key: Key<'_, '_>, value: Val<'_, '_>) -> Cost {
        let mut cost = Cost::default();
        for (key, value) in self.table(key, value).into_iter().flatten() {
            if &**key.get_ref() != "roles" {
                if !self.cost_rule(key, value, &mut cost.everyone) {
                    self.unknown(key, &[COST, &["roles"]].concat());
                }
                continue;
            }
            for (role, value) in self.table(key, value).into_iter().flatten() {
                let mut rules = CostRules::default();
                for (key, value) in self.table(role, value).into_iter().flatten() {
                    if !self.cost_rule(key, value, &mut rules) {
                        self.unknown(key, COST);
                    }
                }
                cost.roles.push((role.get_ref().to_string(), rules));
            }
        }
        cost
    }

    /// Reads one rule; false when the key is none.
    fn cost_rule(&mut self, key: Key<'_, '_>, value: Val<'_, '_>, into: &mut CostRules) -> bool {
        match &**key.get_ref() {
            "unindexed" => into.unindexed = self.stance(key, value),
            "over" => into.over = self.stance(key, value),
            "max_rows" => into.max_rows = self.count(key, value, 1).map(Spanned::into_inner),
            "max_cost" => into.max_cost = self.count(key, value, 1).map(Spanned::into_inner),
            _ => return false,
        }
        true
    }

    fn stance(&mut self, key: Key<'_, '_>, value: Val<'_, '_>) -> Option<Stance> {
        let word = self.text(key, value)?;
        self.choice(key, &word, Stance::ALL, Stance::parse)
    }
}
