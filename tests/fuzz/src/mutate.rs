//! Inputs near given ones, the same in every run: for a replay without a fuzzer.

/// Bytes that parsers look for.
const TELLING: &[u8] = b"\0\n\r\t \"\\'{}[]<>=&,;:.%+-/?#@\x01\x02\x03\x04\x7F\x80\xC3\xFF0159eE";

/// An endless list of mutations of some inputs.
pub struct Mutations<'a> {
    inputs: &'a [Vec<u8>],
    state: u64,
}

impl<'a> Mutations<'a> {
    /// Mutations of `inputs`, of which there is at least one, that `seed` decides.
    pub fn new(inputs: &'a [Vec<u8>], seed: u64) -> Self {
        Self {
            inputs,
            state: seed,
        }
    }

    /// A number below `end`, which is more than 0 (`SplitMix64`).
    fn below(&mut self, end: usize) -> usize {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        let number = (mixed ^ (mixed >> 31)) % (end as u64);
        usize::try_from(number).unwrap_or(0)
    }

    fn byte(&mut self) -> u8 {
        match self.below(3) {
            0 => u8::try_from(self.below(256)).unwrap_or(0),
            _ => TELLING[self.below(TELLING.len())],
        }
    }

    /// A part of some input.
    fn part(&mut self) -> &'a [u8] {
        let input = &self.inputs[self.below(self.inputs.len())];
        let start = self.below(input.len() + 1);
        let end = start + self.below(input.len() - start + 1);
        &input[start..end]
    }

    fn change(&mut self, input: &mut Vec<u8>) {
        let at = self.below(input.len() + 1);
        match self.below(6) {
            0 => input.insert(at, self.byte()),
            1 if at < input.len() => input[at] = self.byte(),
            2 if at < input.len() => input[at] ^= 1 << self.below(8),
            3 => {
                let end = at + self.below(input.len() - at + 1);
                input.drain(at..end);
            }
            4 => input.truncate(at),
            _ => {
                let part = self.part();
                input.splice(at..at, part.iter().copied());
            }
        }
    }
}

impl Iterator for Mutations<'_> {
    type Item = Vec<u8>;

    fn next(&mut self) -> Option<Vec<u8>> {
        let mut input = self.inputs[self.below(self.inputs.len())].clone();
        for _ in 0..=self.below(4) {
            self.change(&mut input);
        }
        Some(input)
    }
}
