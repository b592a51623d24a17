//! A `ClientHello` made by hand, and the first words of the answer. TLS 1.0 (RFC 2246), 1.1 (RFC 4346) and 1.2 (RFC 5246)
//! have the same: a record `type, 3, minor, length`, in it a handshake message `type, length, 3, minor, …`.

/// What the server made of our offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reply {
    /// A `ServerHello`, with the minor version that it chose.
    Accepted(u8),
    /// An alert.
    Refused,
    /// Not a word, and the connection ended.
    HungUp,
}

/// Old and less old suites, so that none is missing: RSA, DHE and ECDHE with AES in CBC and GCM, and 3DES.
const SUITES: [u16; 18] = [
    0xc02f, 0xc030, 0xc02b, 0xc02c, 0x009e, 0x009f, 0x009c, 0x009d, 0xc013, 0xc014, 0xc009, 0xc00a, 0x0033, 0x0039,
    0x002f, 0x0035, 0xc012, 0x000a,
];

pub(super) fn client_hello(minor: u8, name: &str) -> Vec<u8> {
    let mut body = vec![3, minor];
    // Random, by which nobody is protected here; no session to resume.
    body.extend((0..32).map(|_| fastrand::u8(..)));
    body.push(0);
    body.extend(sized(SUITES.iter().flat_map(|suite| suite.to_be_bytes()).collect()));
    body.extend([1, 0]);
    let mut extensions = Vec::new();
    // server_name (RFC 6066), for names only.
    if !name.is_empty() && name.parse::<std::net::IpAddr>().is_err() {
        let mut host = vec![0];
        host.extend(sized(name.as_bytes().to_vec()));
        extensions.extend(extension(0, sized(host)));
    }
    // supported_groups x25519, P-256, P-384, and uncompressed points (RFC 8422).
    extensions.extend(extension(10, sized(vec![0, 29, 0, 23, 0, 24])));
    extensions.extend(extension(11, vec![1, 0]));
    if minor == 3 {
        // signature_algorithms (RFC 5246, 7.4.1.4.1).
        extensions.extend(extension(13, sized(vec![4, 3, 8, 4, 4, 1, 5, 3, 8, 5, 5, 1, 2, 1])));
    }
    body.extend(sized(extensions));
    let mut message = vec![1, 0];
    message.extend(sized(body));
    // The record says 3.1 in a first flight, whatever is offered inside.
    let mut record = vec![22, 3, 1];
    record.extend(sized(message));
    record
}

fn sized(bytes: Vec<u8>) -> Vec<u8> {
    // Everything made here is far below 64 KiB.
    let mut sized = u16::try_from(bytes.len()).unwrap_or(u16::MAX).to_be_bytes().to_vec();
    sized.extend(bytes);
    sized
}

fn extension(kind: u16, bytes: Vec<u8>) -> Vec<u8> {
    let mut extension = kind.to_be_bytes().to_vec();
    extension.extend(sized(bytes));
    extension
}

/// `None` for what isn't TLS, or is cut off before it says anything.
pub(super) fn parse_reply(bytes: &[u8]) -> Option<Reply> {
    match bytes {
        [22, 3, _, _, _, 2, _, _, _, 3, minor, ..] => Some(Reply::Accepted(*minor)),
        [21, 3, _, 0, 2, ..] => Some(Reply::Refused),
        _ => None,
    }
}
