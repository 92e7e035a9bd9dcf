//! Pieces that several views are made of.

pub mod chart;
pub mod document;
pub mod figures;
pub mod frame;
pub mod sql;
pub mod tabbed;
pub mod table;
pub mod text;
