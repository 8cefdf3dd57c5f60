//! Decodes compressed response bodies (RFC 9110 §8.4.1).

use std::io::{self, Write};

use bytes::Bytes;
use flate2::write::{DeflateDecoder, GzDecoder, ZlibDecoder};
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};

use crate::error::{Error, ErrorKind, Result};

/// The value of `Accept-Encoding`.
pub(super) const ACCEPTED: &str = "gzip, deflate";
/// Compressed bytes that are decoded at a time. They grow at most a thousandfold, so that memory stays bounded whatever a
/// server sends.
const INPUT_CHUNK: usize = 4096;
/// The first bytes of a gzip member (RFC 1952 §2.3.1).
const GZIP_MAGIC: &[u8] = &[0x1f, 0x8b];

/// Decodes a body piece by piece.
pub(super) struct Decoder {
    scheme: Scheme,
    open: Option<Open>,
    waiting: Bytes,
    /// The compressed data have ended; anything that follows is ignored.
    over: bool,
}

#[derive(Clone, Copy)]
enum Scheme {
    Gzip,
    Deflate,
}

enum Open {
    Gzip(GzDecoder<Vec<u8>>),
    Zlib(ZlibDecoder<Vec<u8>>),
    /// Raw deflate data without the zlib format, which some servers send as "deflate".
    Raw(DeflateDecoder<Vec<u8>>),
}

impl Decoder {
    /// The decoder for a response with these headers, which it changes to describe the decoded body; `None` if the body needs
    /// no decoding.
    pub(super) fn take_from(headers: &mut HeaderMap) -> Option<Self> {
        let scheme = match headers.get(CONTENT_ENCODING)?.as_bytes().trim_ascii() {
            name if name.eq_ignore_ascii_case(b"gzip") => Scheme::Gzip,
            name if name.eq_ignore_ascii_case(b"x-gzip") => Scheme::Gzip,
            name if name.eq_ignore_ascii_case(b"deflate") => Scheme::Deflate,
            _ => return None,
        };
        headers.remove(CONTENT_ENCODING);
        headers.remove(CONTENT_LENGTH);
        Some(Self {
            scheme,
            open: None,
            waiting: Bytes::new(),
            over: false,
        })
    }

    /// Takes a piece that has arrived.
    pub(super) fn feed(&mut self, compressed: Bytes) {
        self.waiting = compressed;
    }

    /// The next decoded piece; `None` if more must arrive first.
    pub(super) fn piece(&mut self) -> Result<Option<Bytes>> {
        while !self.waiting.is_empty() && !self.over {
            let unpacked = self.unpack().map_err(|_| broken())?;
            if !unpacked.is_empty() {
                return Ok(Some(unpacked.into()));
            }
        }
        Ok(None)
    }

    /// Checks that the body may end here. An empty one may: it belongs to a `HEAD` request, or has no content.
    pub(super) fn finish(&mut self) -> Result<()> {
        match &mut self.open {
            None => Ok(()),
            Some(Open::Gzip(open)) => open.try_finish(),
            Some(Open::Zlib(open)) => open.try_finish(),
            Some(Open::Raw(open)) => open.try_finish(),
        }
        .map_err(|_| broken())
    }

    fn unpack(&mut self) -> io::Result<Vec<u8>> {
        let first = self.waiting[0];
        let scheme = self.scheme;
        let open = self.open.get_or_insert_with(|| Open::new(scheme, first));
        let chunk = &self.waiting[..self.waiting.len().min(INPUT_CHUNK)];
        let (consumed, unpacked) = match open {
            Open::Gzip(open) => step(open, chunk, GzDecoder::get_mut)?,
            Open::Zlib(open) => step(open, chunk, ZlibDecoder::get_mut)?,
            Open::Raw(open) => step(open, chunk, DeflateDecoder::get_mut)?,
        };
        if consumed == 0 {
            self.next_member()?;
        } else {
            drop(self.waiting.split_to(consumed));
        }
        Ok(unpacked)
    }

    /// A gzip body may contain several members (RFC 1952 §2.2). Anything else that follows is padding.
    fn next_member(&mut self) -> io::Result<()> {
        if let (Some(Open::Gzip(open)), true) =
            (&mut self.open, self.waiting.starts_with(GZIP_MAGIC))
        {
            open.try_finish()?;
            self.open = None;
        } else {
            self.over = true;
        }
        Ok(())
    }
}

impl Open {
    fn new(scheme: Scheme, first: u8) -> Self {
        match scheme {
            Scheme::Gzip => Self::Gzip(GzDecoder::new(Vec::new())),
            // Compression method and window size of RFC 1950 §2.2; no raw deflate stream starts like that.
            Scheme::Deflate if first & 0x0f == 8 && first >> 4 <= 7 => {
                Self::Zlib(ZlibDecoder::new(Vec::new()))
            }
            Scheme::Deflate => Self::Raw(DeflateDecoder::new(Vec::new())),
        }
    }
}

/// How many bytes of `chunk` were consumed (none at the end of the data), and what they decode to.
fn step<W: Write>(
    open: &mut W,
    chunk: &[u8],
    out: impl Fn(&mut W) -> &mut Vec<u8>,
) -> io::Result<(usize, Vec<u8>)> {
    let consumed = open.write(chunk)?;
    open.flush()?;
    Ok((consumed, std::mem::take(out(open))))
}

fn broken() -> Error {
    Error::new(
        ErrorKind::BadResponse,
        "the answer is not compressed as its Content-Encoding says",
    )
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use bytes::Bytes;
    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
    use http::HeaderMap;
    use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
    use proptest::prelude::{any, proptest};

    use super::Decoder;

    fn gzip(plain: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(plain).unwrap();
        encoder.finish().unwrap()
    }

    fn zlib(plain: &[u8]) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(plain).unwrap();
        encoder.finish().unwrap()
    }

    fn raw(plain: &[u8]) -> Vec<u8> {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(plain).unwrap();
        encoder.finish().unwrap()
    }

    fn decoder(scheme: &str) -> Option<Decoder> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_ENCODING, scheme.parse().unwrap());
        Decoder::take_from(&mut headers)
    }

    /// The body that `pieces` unpack to.
    fn unpack(scheme: &str, pieces: &[&[u8]]) -> crate::Result<Vec<u8>> {
        let mut decoder = decoder(scheme).expect("a scheme");
        let mut all = Vec::new();
        for piece in pieces {
            decoder.feed(Bytes::copy_from_slice(piece));
            while let Some(unpacked) = decoder.piece()? {
                all.extend_from_slice(&unpacked);
            }
        }
        decoder.finish()?;
        Ok(all)
    }

    proptest! {
        #[test]
        fn any_body_comes_back_however_it_is_cut(plain in any::<Vec<u8>>(), cut in any::<usize>()) {
            for (scheme, packed) in [
                ("gzip", gzip(&plain)),
                ("x-gzip", gzip(&plain)),
                ("GZip ", gzip(&plain)),
                ("deflate", zlib(&plain)),
                ("deflate", raw(&plain)),
            ] {
                let (head, tail) = packed.split_at(cut % packed.len());
                assert_eq!(unpack(scheme, &[head, tail]).unwrap(), plain);
            }
        }

        #[test]
        fn no_bytes_do_harm(body in any::<Vec<u8>>()) {
            let _ = unpack("gzip", &[&body]);
            let _ = unpack("deflate", &[&body]);
        }
    }

    #[test]
    fn large_bodies_are_unpacked_in_bounded_pieces() {
        let plain = vec![7; 20_000_000];
        let mut decoder = decoder("gzip").unwrap();
        decoder.feed(gzip(&plain).into());
        let (mut length, mut longest) = (0, 0);
        while let Some(piece) = decoder.piece().unwrap() {
            length += piece.len();
            longest = longest.max(piece.len());
        }
        decoder.finish().unwrap();
        assert_eq!(length, plain.len());
        assert!(longest < 5_000_000, "{longest}");
    }

    #[test]
    fn members_follow_one_another_and_padding_is_nobodys() {
        let two = [gzip(b"one"), gzip(b"two")].concat();
        assert_eq!(unpack("gzip", &[&two]).unwrap(), b"onetwo");
        let padded = [gzip(b"one"), vec![0; 9]].concat();
        assert_eq!(unpack("gzip", &[&padded]).unwrap(), b"one");
    }

    #[test]
    fn what_is_cut_short_or_not_compressed_is_refused() {
        let packed = gzip(b"a body of some length");
        for end in 1..packed.len() {
            assert!(unpack("gzip", &[&packed[..end]]).is_err(), "{end}");
        }
        assert!(unpack("gzip", &[b"{\"access_token\":\"t\"}"]).is_err());
        assert_eq!(unpack("gzip", &[]).unwrap(), b"");
    }

    #[test]
    fn headers_describe_the_body_that_is_handed_out() {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_ENCODING, "gzip".parse().unwrap());
        headers.insert(CONTENT_LENGTH, "20".parse().unwrap());
        assert!(Decoder::take_from(&mut headers).is_some());
        assert!(headers.is_empty());
        assert!(decoder("br").is_none() && decoder("gzip, br").is_none());
    }
}
