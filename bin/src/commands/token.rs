//! `windlass token`: makes a token with a key of the settings.

use std::process::ExitCode;
use std::time::SystemTime;

use windlass_core::app::Project;
use windlass_core::config;
use windlass_core::error::{Code, Error, Result};
use windlass_core::guards::Verifier;
use windlass_core::guards::jwt::{Wanted, mint};

use crate::cli::Token;
use crate::report;

/// Makes it, and proves that a service with these settings takes it.
pub async fn run(asked: Token) -> Result<ExitCode> {
    let project = Project::open(&asked.project.dir)?;
    let private = asked
        .key
        .map(|path| {
            std::fs::read(&path).map_err(|error| {
                let message = format!("cannot read {}: {error}", path.display());
                Error::new(Code::ActRefused, message)
            })
        })
        .transpose()?;
    let wanted = Wanted {
        subject: asked.subject,
        role: asked.role,
        scopes: asked.scopes,
        tenant: asked.tenant,
        claims: asked.claims.into_iter().collect(),
        lifetime: asked.expires,
        private,
        kid: asked.kid,
    };
    let auth = &project.settings.auth;
    let now = SystemTime::now();
    let token = mint(auth, &wanted, now)?;
    let verifier =
        Verifier::open(auth, &project.directory).map_err(|wrong| config::refuse(Code::ConfigInvalid, &wrong))?;
    verifier.principal(&token, now).await.map_err(|refused| {
        Error::new(
            Code::ActRefused,
            "a service with these settings would refuse this token",
        )
        .with_details(refused.details().unwrap_or_default())
        .with_hint("Is the private key that of the public one in the settings? Are the claims those that they ask for?")
    })?;
    if asked.json {
        report::json(&serde_json::json!({ "token": token, "expires_in": asked.expires.as_secs() }));
    } else {
        report::line(token);
    }
    Ok(ExitCode::SUCCESS)
}
