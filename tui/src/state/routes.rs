//! The state of the screen Routes.

use super::data::Data;
use super::panel::{Panel, Step, Want};
use crate::keys::Action;

/// What is selected and opened on it.
#[derive(Debug, Default)]
pub struct Routes;

impl Panel for Routes {
    fn wants(&self) -> Vec<Want> {
        Vec::new()
    }

    fn act(&mut self, _action: Action, _data: &Data, _page: usize) -> Option<Vec<Step>> {
        None
    }
}
