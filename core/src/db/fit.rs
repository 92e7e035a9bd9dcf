//! Whether what comes is what was reckoned with: the types of a statement's columns against their forms.

use tokio_postgres::types::{Kind, Type};

use crate::sql::Form;

/// Whether the bytes of a column are what its form reads. Types that are not known by number are taken for what they are
/// said to be.
#[must_use]
pub fn fits(form: &Form, found: &Type) -> bool {
    let wanted = match form {
        Form::Bool => &Type::BOOL,
        Form::Int2 => &Type::INT2,
        Form::Int4 => &Type::INT4,
        Form::Int8 => &Type::INT8,
        Form::Float4 => &Type::FLOAT4,
        Form::Float8 => &Type::FLOAT8,
        Form::Numeric => &Type::NUMERIC,
        Form::Uuid => &Type::UUID,
        Form::Date => &Type::DATE,
        Form::Time => &Type::TIME,
        Form::TimeTz => &Type::TIMETZ,
        Form::Timestamp => &Type::TIMESTAMP,
        Form::TimestampTz => &Type::TIMESTAMPTZ,
        Form::Interval => &Type::INTERVAL,
        Form::Bytea => &Type::BYTEA,
        Form::Jsonb => &Type::JSONB,
        Form::Quoted(inner) => return fits(inner, found),
        Form::Array(item) => {
            return match found.kind() {
                // Domains keep their names inside of an array.
                Kind::Array(found) => matches!(found.kind(), Kind::Domain(_)) || fits(item, found),
                _ => !is_binary(found),
            };
        }
        Form::Text | Form::Json | Form::Sparse => return !is_binary(found),
        Form::Record(_) | Form::Records(_) | Form::Spread(_) => return true,
    };
    found == wanted
}

/// Whether values of this type are no text.
fn is_binary(found: &Type) -> bool {
    const BINARY: [Type; 16] = [
        Type::BOOL,
        Type::INT2,
        Type::INT4,
        Type::INT8,
        Type::FLOAT4,
        Type::FLOAT8,
        Type::NUMERIC,
        Type::UUID,
        Type::DATE,
        Type::TIME,
        Type::TIMETZ,
        Type::TIMESTAMP,
        Type::TIMESTAMPTZ,
        Type::INTERVAL,
        Type::BYTEA,
        Type::JSONB,
    ];
    BINARY.contains(found)
}
