//! The console: what `windlass tui` shows and does.
//!
//! One loop (`run`) turns keys, ticks and answers into messages (`message`); `update` changes the [`state`] and names what is
//! to be done outside (`effect`); `views` paint the state and know nothing else. What a key does is told in one table
//! (`keys`), from which the help and the docs are made. Input and output are never done by the drawing task.

pub mod attempt;
pub mod effect;
pub mod keys;
pub mod message;
pub mod run;
pub mod screen;
pub mod state;
pub mod theme;
pub mod update;
pub mod views;
pub mod widgets;
pub mod worker;
