//! The query dialect, request by request.

mod embed;
