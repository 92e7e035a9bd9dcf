//! What every screen can be asked. Screens ask for things to be done; `update` decides.

use windlass_core::admin::protocol::{Act, Ask};

use super::data::Data;
use super::list::{Column, List, Row};
use super::trial::Form;
use crate::effect::{Effect, Watch};
use crate::keys::Action;
use crate::message::Link;
use crate::screen::Screen;
use crate::theme::Tone;

/// A question that a screen wants answered again and again while it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Want {
    /// The question.
    pub ask: Ask,
    /// How often, in milliseconds; 0 for once, until it is asked for.
    pub every: i64,
}

/// What a screen asks the console to do.
#[derive(Debug)]
pub enum Step {
    /// Something outside.
    Effect(Effect),
    /// Ask this once now, however fresh its answer is; it is pending from then on.
    Ask(Ask),
    /// Have the operator confirm an act, whose SQL is this.
    Confirm(Act, Vec<String>),
    /// As [`Step::Confirm`], with this name to be typed, as it cannot be undone.
    ConfirmTyped(Act, Vec<String>, String),
    /// Open a form.
    Form(Box<Form>),
    /// Put this into the clipboard, and say so.
    Copy(String),
    /// Go to another screen.
    Show(Screen),
    /// Tell the operator something.
    Say(Tone, String),
}

/// A screen's state.
pub trait Panel: std::fmt::Debug {
    /// What it wants to know while it is shown.
    fn wants(&self) -> Vec<Want>;

    /// The stream that it follows.
    fn watch(&self) -> Option<Watch> {
        None
    }

    /// The columns of its table, if it shows one now.
    fn columns(&self) -> &'static [Column] {
        &[]
    }

    /// The table's rows, neither filtered nor sorted. Made anew from the data each time.
    fn rows(&self, _data: &Data) -> Vec<Row> {
        Vec::new()
    }

    /// The rows that are shown, filtered and sorted. A screen whose filter is a language of its own picks them itself.
    fn shown(&self, data: &Data) -> Vec<Row> {
        match self.list() {
            Some(list) => list.shown(self.rows(data), self.columns()),
            None => Vec::new(),
        }
    }

    /// What is selected, sorted and filtered in that table.
    fn list(&self) -> Option<&List> {
        None
    }

    /// The same, to be changed.
    fn list_mut(&mut self) -> Option<&mut List> {
        None
    }

    /// Whether the filter of its table is a language of its own, and what is wrong with this text in it.
    fn check_filter(&self, text: &str) -> Option<(usize, String)> {
        super::list_filter::parse(text, self.columns()).err()
    }

    /// Does what belongs to this screen alone: its own keys, `Open`, `Left`, `Right`, `Copy`, and movement where it shows
    /// no table (a detail that scrolls). `None`: not mine.
    fn act(&mut self, action: Action, data: &Data, page: usize) -> Option<Vec<Step>>;

    /// Is told the terminal's columns and rows, before it acts: what is wrapped has as many lines as it is narrow.
    fn sized(&mut self, _size: (u16, u16)) {}

    /// Closes its innermost layer; false if there is none.
    fn peel(&mut self) -> bool {
        false
    }

    /// Is told of each new answer, after `data` has it.
    fn answered(&mut self, _ask: &Ask, _data: &Data) {}

    /// Is told that it shall stand still, or go on.
    fn freeze(&mut self, _on: bool) {}

    /// Is told how the way to the service has changed.
    fn linked(&mut self, _link: &Link) {}

    /// Is told that so many lines of its stream were lost.
    fn lost(&mut self, _count: u64) {}

    /// What was put off until answers came, and can go on now. Asked for after each answer while the screen has the keys.
    fn resume(&mut self, _data: &Data) -> Vec<Step> {
        Vec::new()
    }
}
