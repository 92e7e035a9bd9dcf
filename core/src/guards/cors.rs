//! Pages of other sites: what their browsers are told (Fetch, "HTTP-CORS protocol").

use salvo::http::header::{self, HeaderName, HeaderValue};
use salvo::http::{HeaderMap, Method};

use crate::config::{Cors, CorsRule, Origins};

/// Headers of a reply.
type Told = Vec<(HeaderName, HeaderValue)>;

/// The rule that holds for a path; none where no site's page may ask, so that nothing is told.
#[must_use]
pub fn rule<'a>(cors: &'a Cors, path: &str) -> Option<&'a CorsRule> {
    let own = cors.paths.iter().find(|(pattern, _)| pattern.matches(path));
    let rule = own.map_or(&cors.rule, |(_, rule)| rule);
    Some(rule).filter(|rule| rule.origins != Origins::Listed(Vec::new()))
}

/// What a preflight request is answered with; none for a request that is no preflight: those have an `Origin`, the method
/// `OPTIONS` and name the method that is to follow. To sites that may not ask nothing is allowed.
#[must_use]
pub fn preflight(rule: &CorsRule, method: &Method, headers: &HeaderMap) -> Option<Told> {
    if *method != Method::OPTIONS || !headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD) {
        return None;
    }
    headers.get(header::ORIGIN)?;
    let mut told = Told::new();
    if let Some(origin) = allowed(rule, headers) {
        told.push((header::ACCESS_CONTROL_ALLOW_ORIGIN, origin));
        credentials(rule, &mut told);
        push(
            &mut told,
            header::ACCESS_CONTROL_ALLOW_METHODS,
            &rule.methods.join(", "),
        );
        // The wildcard itself does not stand for Authorization, nor for anything beside credentials: the names are repeated.
        let names = if rule.headers.iter().any(|name| name == "*") {
            let wanted = headers.get_all(header::ACCESS_CONTROL_REQUEST_HEADERS).iter();
            let wanted: Vec<&str> = wanted.filter_map(|value| value.to_str().ok()).collect();
            wanted.join(", ")
        } else {
            rule.headers.join(", ")
        };
        push(&mut told, header::ACCESS_CONTROL_ALLOW_HEADERS, &names);
        let seconds = rule.max_age.as_secs().to_string();
        push(&mut told, header::ACCESS_CONTROL_MAX_AGE, &seconds);
    }
    let vary = "origin, access-control-request-method, access-control-request-headers";
    told.push((header::VARY, HeaderValue::from_static(vary)));
    Some(told)
}

/// What every other reply is given, an error's too: a page must be able to read why it was refused. `Vary` is appended to that
/// of the reply, also where no origin came: a cache must not hand that reply to a page.
#[must_use]
pub fn reply(rule: &CorsRule, headers: &HeaderMap) -> Told {
    let mut told = Told::new();
    if let Some(origin) = allowed(rule, headers) {
        told.push((header::ACCESS_CONTROL_ALLOW_ORIGIN, origin));
        credentials(rule, &mut told);
        push(
            &mut told,
            header::ACCESS_CONTROL_EXPOSE_HEADERS,
            &rule.expose.join(", "),
        );
    }
    told.push((header::VARY, HeaderValue::from_static("origin")));
    told
}

/// The origin as a reply names it; none for one that may not ask.
fn allowed(rule: &CorsRule, headers: &HeaderMap) -> Option<HeaderValue> {
    let mut all = headers.get_all(header::ORIGIN).iter();
    let (Some(origin), None) = (all.next(), all.next()) else {
        return None;
    };
    match &rule.origins {
        Origins::Any => Some(HeaderValue::from_static("*")),
        Origins::Listed(known) => known
            .iter()
            .any(|one| one.as_bytes() == origin.as_bytes())
            .then(|| origin.clone()),
    }
}

fn credentials(rule: &CorsRule, told: &mut Told) {
    if rule.credentials && rule.origins != Origins::Any {
        told.push((
            header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
            HeaderValue::from_static("true"),
        ));
    }
}

fn push(told: &mut Told, name: HeaderName, value: &str) {
    if let Some(value) = HeaderValue::from_str(value).ok().filter(|value| !value.is_empty()) {
        told.push((name, value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::PathPattern;

    fn listed() -> CorsRule {
        CorsRule {
            origins: Origins::Listed(vec!["https://a.example".to_owned()]),
            ..CorsRule::default()
        }
    }

    fn sent(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, HeaderValue::from_static(value));
        }
        headers
    }

    fn value(told: &Told, name: &str) -> Option<String> {
        let (_, value) = told.iter().find(|(known, _)| known == name)?;
        Some(value.to_str().unwrap().to_owned())
    }

    const ORIGIN: &str = "access-control-allow-origin";

    #[test]
    fn only_listed_origins_are_allowed_byte_by_byte() {
        for (origins, expected) in [
            (vec!["https://a.example"], Some("https://a.example")),
            (vec!["https://a.example.evil"], None),
            (vec!["https://a.exampl"], None),
            (vec!["http://a.example"], None),
            (vec!["https://a.example:8443"], None),
            (vec!["https://A.example"], None),
            (vec!["null"], None),
            (vec![""], None),
            (vec!["https://a.example", "https://a.example"], None),
            (vec![], None),
        ] {
            let pairs: Vec<_> = origins.iter().map(|origin| ("origin", *origin)).collect();
            let told = reply(&listed(), &sent(&pairs));
            assert_eq!(value(&told, ORIGIN).as_deref(), expected, "{origins:?}");
            assert_eq!(value(&told, "vary").as_deref(), Some("origin"));
            let exposed = value(&told, "access-control-expose-headers");
            assert_eq!(exposed.is_some(), expected.is_some());
        }
    }

    #[test]
    fn every_origin_is_never_allowed_with_credentials() {
        let rule = CorsRule {
            origins: Origins::Any,
            credentials: true,
            ..CorsRule::default()
        };
        let told = reply(&rule, &sent(&[("origin", "https://b.example")]));
        assert_eq!(value(&told, ORIGIN).as_deref(), Some("*"));
        assert_eq!(value(&told, "access-control-allow-credentials"), None);
        let rule = CorsRule {
            credentials: true,
            ..listed()
        };
        let told = reply(&rule, &sent(&[("origin", "https://a.example")]));
        assert_eq!(
            value(&told, "access-control-allow-credentials").as_deref(),
            Some("true")
        );
    }

    #[test]
    fn preflights_are_told_apart_and_answered() {
        let full = [
            ("origin", "https://a.example"),
            ("access-control-request-method", "PATCH"),
            ("access-control-request-headers", "authorization,x-odd"),
        ];
        let told = preflight(&listed(), &Method::OPTIONS, &sent(&full)).unwrap();
        assert_eq!(value(&told, ORIGIN).as_deref(), Some("https://a.example"));
        assert_eq!(value(&told, "access-control-max-age").as_deref(), Some("600"));
        let methods = value(&told, "access-control-allow-methods").unwrap();
        assert_eq!(methods, "GET, HEAD, POST, PUT, PATCH, DELETE");
        let names = value(&told, "access-control-allow-headers").unwrap();
        assert!(names.contains("Authorization") && !names.contains("x-odd"), "{names}");
        assert_eq!(value(&told, "access-control-expose-headers"), None);
        let any = CorsRule {
            headers: vec!["*".to_owned()],
            ..listed()
        };
        let told = preflight(&any, &Method::OPTIONS, &sent(&full)).unwrap();
        let names = value(&told, "access-control-allow-headers");
        assert_eq!(names.as_deref(), Some("authorization,x-odd"));
        // Another site's is answered, but allowed nothing.
        let other = [
            ("origin", "https://b.example"),
            ("access-control-request-method", "GET"),
        ];
        let told = preflight(&listed(), &Method::OPTIONS, &sent(&other)).unwrap();
        let names: Vec<&str> = told.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["vary"]);
        // These are no preflights.
        assert!(preflight(&listed(), &Method::GET, &sent(&full)).is_none());
        assert!(preflight(&listed(), &Method::OPTIONS, &sent(&full[..1])).is_none());
        assert!(preflight(&listed(), &Method::OPTIONS, &sent(&full[1..])).is_none());
    }

    #[test]
    fn the_first_pattern_that_matches_holds() {
        assert_eq!(rule(&Cors::default(), "/api/x"), None);
        let pattern = |text| PathPattern::parse(text).unwrap();
        let cors = Cors {
            rule: listed(),
            paths: vec![
                (pattern("/api/closed"), CorsRule::default()),
                (
                    pattern("/api/**"),
                    CorsRule {
                        origins: Origins::Any,
                        ..CorsRule::default()
                    },
                ),
            ],
        };
        assert_eq!(rule(&cors, "/api/closed"), None);
        assert_eq!(rule(&cors, "/api/open").unwrap().origins, Origins::Any);
        assert_eq!(rule(&cors, "/health/live").unwrap(), &listed());
    }
}
