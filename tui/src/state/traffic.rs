//! The state of the screen Traffic.

use super::data::Data;
use super::panel::{Panel, Step, Want};
use crate::keys::Action;

/// What is selected and opened on it.
#[derive(Debug, Default)]
pub struct Traffic;

impl Panel for Traffic {
    fn wants(&self) -> Vec<Want> {
        Vec::new()
    }

    fn act(&mut self, _action: Action, _data: &Data, _page: usize) -> Option<Vec<Step>> {
        None
    }
}

impl Traffic {
    /// Takes in what came.
    pub fn came(&mut self, _lines: Vec<windlass_core::admin::protocol::Exchange>) {}
}
