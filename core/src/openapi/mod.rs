//! stub
/// stub
pub fn document(_: &crate::contract::Snapshot) -> crate::error::Result<serde_json::Value> {
    Ok(serde_json::Value::Null)
}
