//! Pieces that several views are made of.

pub mod chart;
pub mod document;
pub mod frame;
pub mod sql;
pub mod table;
pub mod text;
