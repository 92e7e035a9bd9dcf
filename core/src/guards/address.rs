//! From where a request comes: the peer, or whom a trusted proxy names.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use salvo::http::HeaderMap;

use crate::config::Proxy;

/// The client's address; none for one on this machine, behind a Unix socket.
///
/// `X-Forwarded-For` is read from its end, as each proxy appends the peer that it saw: as long as who appended is trusted. What
/// clients write themselves stands before that, and is never believed.
#[must_use]
pub fn client(peer: Option<IpAddr>, headers: &HeaderMap, proxies: &[Proxy]) -> Option<IpAddr> {
    let trusted = |address: Option<IpAddr>| {
        proxies.iter().any(|proxy| match (proxy, address) {
            (Proxy::Net(net), Some(address)) => net.contains(&address),
            (Proxy::Unix, None) => true,
            _ => false,
        })
    };
    let mut client = peer.map(|address| address.to_canonical());
    if !trusted(client) {
        return client;
    }
    let named: Vec<&[u8]> = headers
        .get_all("x-forwarded-for")
        .iter()
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
        .collect();
    for name in named.into_iter().rev() {
        let Some(address) = std::str::from_utf8(name).ok().and_then(|text| parse(text.trim())) else {
            break;
        };
        client = Some(address);
        if !trusted(client) {
            break;
        }
    }
    client
}

/// An address, with or without a port.
fn parse(text: &str) -> Option<IpAddr> {
    let plain = text.parse().or_else(|_| text.parse().map(|full: SocketAddr| full.ip()));
    plain.ok().map(|address: IpAddr| address.to_canonical())
}

/// What stands for an address: with IPv6 whoever has one has a whole network of 64 bits (RFC 6177).
#[must_use]
pub fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(six) => IpAddr::V6(Ipv6Addr::from_bits(six.to_bits() & !u128::from(u64::MAX))),
    }
}

#[cfg(test)]
mod tests {
    use salvo::http::HeaderValue;

    use super::*;

    #[test]
    fn only_trusted_proxies_are_believed() {
        let proxies = [
            Proxy::Net("10.0.0.0/8".parse().unwrap()),
            Proxy::Net("fd00::/8".parse().unwrap()),
        ];
        for (peer, forwarded, expected) in [
            ("203.0.113.9", vec!["198.51.100.1"], "203.0.113.9"),
            ("10.0.0.1", vec!["198.51.100.1"], "198.51.100.1"),
            ("::ffff:10.0.0.1", vec!["198.51.100.1"], "198.51.100.1"),
            ("10.0.0.1", vec!["1.1.1.1, 198.51.100.1"], "198.51.100.1"),
            ("10.0.0.1", vec!["1.1.1.1", "198.51.100.1, 10.0.0.2"], "198.51.100.1"),
            ("10.0.0.1", vec!["198.51.100.1:4711"], "198.51.100.1"),
            ("fd00::1", vec!["[2001:db8::7]:80"], "2001:db8::7"),
            ("10.0.0.1", vec!["198.51.100.1, unknown"], "10.0.0.1"),
            ("10.0.0.1", vec!["unknown, 10.0.0.2"], "10.0.0.2"),
            ("10.0.0.1", vec![""], "10.0.0.1"),
            ("10.0.0.1", vec![], "10.0.0.1"),
        ] {
            let mut headers = HeaderMap::new();
            for value in &forwarded {
                headers.append("x-forwarded-for", HeaderValue::from_static(value));
            }
            let found = client(Some(peer.parse().unwrap()), &headers, &proxies);
            assert_eq!(found, Some(expected.parse().unwrap()), "{peer} {forwarded:?}");
            if !forwarded.is_empty() && forwarded[0].starts_with("198") {
                assert_eq!(client(None, &headers, &proxies), None);
                assert!(client(None, &headers, &[Proxy::Unix]).is_some() || forwarded[0].ends_with("unknown"));
            }
        }
    }

    #[test]
    fn a_network_stands_for_its_addresses() {
        let of = |text: &str| network(text.parse().unwrap()).to_string();
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(of("198.51.100.1"), "198.51.100.1");
    }
}
