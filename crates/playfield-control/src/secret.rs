//! Randomness, hashes of secrets, and comparing them.

use playfield_core::id::Token;
use playfield_store::db::Hash;
use sha2::{Digest, Sha256};

/// The operating system has no randomness to give; nothing can be started safely.
#[derive(Debug, thiserror::Error)]
#[error("the operating system gives no random numbers: {0}")]
pub struct NoRandomness(getrandom::Error);

/// Fresh random bytes.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], NoRandomness> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(NoRandomness)?;
    Ok(bytes)
}

/// SHA-256.
pub(crate) fn hash(bytes: &[u8]) -> Hash {
    Sha256::digest(bytes).into()
}

/// Whether two hashes are equal, in a time that does not tell where they differ.
pub(crate) fn same(a: &Hash, b: &Hash) -> bool {
    a.iter().zip(b).fold(0, |differences, (a, b)| differences | (a ^ b)) == 0
}

/// The token that goes with what was made under an idempotency key, named by its id: a session's host, a link, a viewer.
/// Made anew when the request comes again, so that no token need be stored; `secret` is the installation's own, so that a
/// guessable key makes no guessable token.
pub(crate) fn derive(secret: &Hash, key: &Hash, id: &str) -> Token {
    let name = hash(&[key.as_slice(), id.as_bytes()].concat());
    Token::from_entropy(hash(&[secret.as_slice(), &name].concat()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_hashes_are_the_same_and_others_are_not() {
        let a = hash(b"a");
        assert!(same(&a, &hash(b"a")));
        for at in [0, 15, 31] {
            let mut b = a;
            b[at] ^= 1;
            assert!(!same(&a, &b));
        }
    }

    #[test]
    fn a_derived_token_depends_on_all_it_is_made_of() {
        let token = derive(&[1; 32], &[2; 32], "ses-3");
        assert_eq!(token, derive(&[1; 32], &[2; 32], "ses-3"));
        for other in [
            derive(&[9; 32], &[2; 32], "ses-3"),
            derive(&[1; 32], &[9; 32], "ses-3"),
            derive(&[1; 32], &[2; 32], "ses-9"),
        ] {
            assert_ne!(token, other);
        }
    }
}
