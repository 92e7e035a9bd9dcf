//! What runs before a route: it is established, once per request, who asks.

pub mod address;
mod api_keys;
pub mod cors;
mod credentials;
pub mod jwt;
pub mod rate;

use std::time::SystemTime;

use salvo::http::HeaderMap;

pub use api_keys::{ApiKeys, Freshness, NewKey, mint};

use crate::config::{Cors, Proxy, Rate, SecurityHeaders};
use crate::error::{Code, Error, Result};
use crate::plan::Principal;
use credentials::Credential;
use governor::clock::DefaultClock;
pub use jwt::Verifier;
use rate::Rates;

/// The headers in which credentials come, as `Vary` lists them.
pub const HEADERS: &str = "authorization, apikey, x-api-key";

/// All guards of a service.
#[derive(Debug, Default)]
pub struct Guards {
    keys: Option<ApiKeys>,
    tokens: Option<Verifier>,
    /// What pages of other sites may do.
    pub cors: Cors,
    /// What browsers are told to be careful with.
    pub headers: SecurityHeaders,
    /// How often somebody may ask.
    pub rates: Rates,
    /// Who may say for whom a request is made.
    pub proxies: Vec<Proxy>,
}

impl Guards {
    /// With the keys of this store; without, no key is valid.
    #[must_use]
    pub fn with_keys(mut self, keys: ApiKeys) -> Self {
        self.keys = Some(keys);
        self
    }

    /// With what verifies tokens; without, no token is valid.
    #[must_use]
    pub fn with_tokens(mut self, tokens: Verifier) -> Self {
        self.tokens = Some(tokens).filter(|tokens| !tokens.is_empty());
        self
    }

    /// With what pages of other sites may do; without, nothing.
    #[must_use]
    pub fn with_cors(mut self, cors: Cors) -> Self {
        self.cors = cors;
        self
    }

    /// With what browsers are told to be careful with; without, as it is unless set.
    #[must_use]
    pub fn with_headers(mut self, headers: SecurityHeaders) -> Self {
        self.headers = headers;
        self
    }

    /// With how often somebody may ask; without, any number of times.
    #[must_use]
    pub fn with_rate(mut self, rate: &Rate) -> Self {
        self.rates = Rates::new(rate, &DefaultClock::default());
        self.proxies.clone_from(&rate.proxies);
        self
    }

    /// Who asks.
    ///
    /// # Errors
    /// `unauthenticated` for credentials that are not valid, wherever they are sent; `bad_header` for several of one kind;
    /// `database_unavailable` or `keys_unavailable` where it cannot be told.
    pub async fn principal(&self, headers: &HeaderMap) -> Result<Principal> {
        let Some(credential) = credentials::of(headers)? else {
            return Ok(Principal::Anonymous);
        };
        match (credential, &self.keys) {
            (Credential::Key(key), Some(keys)) => keys.principal(key).await,
            (Credential::Key(_), None) => Err(invalid("there is no such key")),
            (Credential::Token(token), _) => match &self.tokens {
                Some(tokens) => tokens.principal(token, SystemTime::now()).await,
                None => Err(invalid("no tokens are taken here")),
            },
        }
    }

    /// Whether a request carries anything that may be credentials.
    #[must_use]
    pub fn carries_credentials(headers: &HeaderMap) -> bool {
        credentials::NAMES.iter().any(|name| headers.contains_key(*name))
    }

    /// Writes down what is still to be written.
    pub async fn close(&self) {
        if let Some(keys) = &self.keys {
            keys.flush().await;
        }
    }
}

/// The refusal of credentials: why, in words that repeat nothing of them.
fn invalid(why: &str) -> Error {
    Error::new(Code::Unauthenticated, "The credentials are not valid")
        .with_details(why)
        .with_hint("send valid ones as `Authorization: Bearer …`, or none where a route is open to everybody")
}
