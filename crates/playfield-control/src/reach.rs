//! Addresses that people can use, where `0.0.0.0` or `::` is listened on.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

/// The address itself; of one that stands for all, the one this machine uses to reach the world.
pub(crate) fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = address.ip();
    let outward =
        || outward(ip).unwrap_or(if ip.is_ipv4() { Ipv4Addr::LOCALHOST.into() } else { Ipv6Addr::LOCALHOST.into() });
    SocketAddr::new(if ip.is_unspecified() { outward() } else { ip }, address.port())
}

/// Connecting a UDP socket sends nothing, and tells which address the system would use.
fn outward(like: IpAddr) -> Option<IpAddr> {
    // Documentation addresses of RFC 5737 and RFC 3849: never real hosts.
    let far: IpAddr = match like {
        IpAddr::V4(_) => Ipv4Addr::new(192, 0, 2, 1).into(),
        IpAddr::V6(_) => Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1).into(),
    };
    let socket = UdpSocket::bind(SocketAddr::new(like, 0)).ok()?;
    socket.connect(SocketAddr::new(far, 9)).ok()?;
    Some(socket.local_addr().ok()?.ip())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_are_told_can_be_typed_into_a_browser() {
        for all in ["0.0.0.0:8443", "[::]:8443"] {
            let told = reachable(all.parse().unwrap());
            assert!(!told.ip().is_unspecified() && told.port() == 8443, "{told}");
        }
        let own: SocketAddr = "127.0.0.1:8080".parse().unwrap();
        assert_eq!(reachable(own), own);
    }
}
