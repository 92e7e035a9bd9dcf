//! stub
pub struct Json<'a>(&'a ());
