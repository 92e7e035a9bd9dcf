//! Bodies and parameters against the contract: everything that is wrong, at once.
//!
//! Input: parsed JSON and a resource. Output: [`Checked`], whose values are in the text form that Postgres reads.
