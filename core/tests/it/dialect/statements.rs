//! One statement per request, whatever it asks for.
