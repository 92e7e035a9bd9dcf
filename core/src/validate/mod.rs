//! Bodies and parameters against the contract: everything that is wrong, at once.
use crate::contract::{Field, Resource};
use crate::error::{Result, Step, Violation};
use crate::request::json::Json;
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Model {
    Create,
    Replace,
    Update,
}
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bind {
    Null,
    Text(String),
    Json(String),
}
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub values: Vec<(usize, Bind)>,
    pub deferred: bool,
}
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    pub rows: Vec<Row>,
    pub many: bool,
}
pub fn body(_: &Resource, _: Model, _: &Json<'_>) -> Result<Checked> {
    unimplemented!()
}
pub fn filter_value(_: &Field, t: &str) -> Result<String, String> {
    Ok(t.into())
}
pub fn path_value(_: &Field, t: &str) -> Result<String, Violation> {
    Ok(t.into())
}
pub fn stored_row(_: &Resource, _: &serde_json::Value, _: &[Step]) -> Vec<Violation> {
    vec![]
}
