//! Keys and tokens.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};

use super::Dir;

#[derive(Debug, Subcommand)]
pub enum Key {
    /// Make one; it is shown once, here
    Create {
        #[command(flatten)]
        project: Dir,
        /// What it is for
        name: String,
        /// What may be done with it, such as `leads.read`; may be given several times
        #[arg(long = "scope", value_name = "SCOPE", value_parser = scope)]
        scopes: Vec<String>,
        /// Whose rows it is for
        #[arg(long, value_parser = word)]
        tenant: Option<String>,
        /// The role of who asks with it
        #[arg(long, value_parser = word)]
        role: Option<String>,
        /// How long it is valid, such as `12h` or `90d`; for ever without
        #[arg(long, value_name = "TIME", value_parser = lifetime)]
        expires: Option<Duration>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// List all, newest first; never the keys themselves
    List {
        #[command(flatten)]
        project: Dir,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// End one: within seconds no service takes it any more
    Revoke {
        #[command(flatten)]
        project: Dir,
        /// Its number, as `windlass key list` shows it
        id: i64,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Subcommand)]
pub enum Tenant {
    /// Write the migration after which rows of tables belong to tenants
    Enable {
        #[command(flatten)]
        project: Dir,
        /// The tables, with their schema if that is not `public`; those that refer to each other together
        #[arg(required = true)]
        tables: Vec<String>,
        /// The column with the tenant; it is made where it is missing
        #[arg(long, default_value = "tenant_id", value_parser = word)]
        column: String,
        /// The type of that column, where it is made
        #[arg(long = "type", value_name = "TYPE", default_value = "text", value_parser = ["text", "uuid", "bigint", "integer"])]
        sql_type: String,
        /// Whose the rows are that are there
        #[arg(long, value_name = "TENANT", value_parser = word)]
        existing: Option<String>,
    },
}

/// A token to try things out with.
#[derive(Debug, Clone, Args)]
pub struct Token {
    #[command(flatten)]
    pub project: Dir,
    /// Who asks with it (`sub`)
    #[arg(long)]
    pub subject: Option<String>,
    /// The role of who asks with it
    #[arg(long, value_parser = word)]
    pub role: Option<String>,
    /// What may be done with it; may be given several times
    #[arg(long = "scope", value_name = "SCOPE", value_parser = scope)]
    pub scopes: Vec<String>,
    /// Whose rows it is for
    #[arg(long, value_parser = word)]
    pub tenant: Option<String>,
    /// A further claim, such as `plan=pro` or `beta=true`; JSON is read as such
    #[arg(long = "claim", value_name = "NAME=VALUE", value_parser = claim)]
    pub claims: Vec<(String, serde_json::Value)>,
    /// How long it is valid
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = lifetime)]
    pub expires: Duration,
    /// Sign with the key of this name
    #[arg(long)]
    pub kid: Option<String>,
    /// Sign with the private key in this file, PKCS #8 PEM, where the settings have the public one
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

fn claim(text: &str) -> Result<(String, serde_json::Value), String> {
    let (name, value) = text.split_once('=').ok_or("write NAME=VALUE")?;
    let value = serde_json::from_str(value).unwrap_or_else(|_| value.into());
    Ok((name.to_owned(), value))
}

/// RFC 6749 §3.3: visible ASCII without quotes and backslashes, as scopes are told apart by spaces.
fn scope(text: &str) -> Result<String, String> {
    let plain = |b: u8| b.is_ascii_graphic() && !matches!(b, b'"' | b'\\');
    if text.is_empty() || !text.bytes().all(plain) {
        return Err("a scope is of visible ASCII without spaces, quotes and backslashes".to_owned());
    }
    Ok(text.to_owned())
}

fn word(text: &str) -> Result<String, String> {
    if text.is_empty() || text.chars().any(char::is_control) {
        return Err("it must be text without control characters".to_owned());
    }
    Ok(text.to_owned())
}

/// `90s`, `15m`, `12h`, `90d`; at most a hundred years.
pub(super) fn lifetime(text: &str) -> Result<Duration, String> {
    const MOST: u64 = 36_525 * 86_400;
    let wrong = || "write a number with s, m, h or d, such as `12h` or `90d`".to_owned();
    let split = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
    let (digits, unit) = text.split_at(split);
    let factor = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return Err(wrong()),
    };
    let seconds = digits.parse::<u64>().ok().and_then(|number| number.checked_mul(factor));
    match seconds {
        Some(seconds @ 1..=MOST) => Ok(Duration::from_secs(seconds)),
        Some(0) => Err("it would never be valid".to_owned()),
        _ => Err("it is at most a hundred years".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lifetimes_are_read_with_their_unit() {
        for (text, seconds) in [("90s", 90), ("15m", 900), ("12h", 43_200), ("90d", 7_776_000)] {
            assert_eq!(lifetime(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for wrong in [
            "",
            "90",
            "d",
            "1w",
            "0d",
            "-1d",
            "40000d",
            "99999999999999999999d",
            "1 d",
            "1é",
        ] {
            assert!(lifetime(wrong).is_err(), "{wrong}");
        }
        assert!(scope("leads.read").is_ok());
        for wrong in ["", "a b", "a\"", "é"] {
            assert!(scope(wrong).is_err(), "{wrong}");
        }
    }
}
