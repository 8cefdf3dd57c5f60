//! Raw pointers end here: handles, texts, arrays and out-parameters.
//!
//! A handle starts with a tag that says what it is and who frees it. A pointer to something else, a handle freed
//! before, or one that is only lent is found out by its tag wherever memory still shows it, and answered with
//! `EVERTOKEN_MISUSE`. That is a guard, not a promise: C cannot give more.

use std::ffi::{CStr, c_char};
use std::marker::PhantomData;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::boundary::{Failure, Outcome};
use crate::status::evertoken_status;

/// Ownership of a handle that its receiver frees.
pub(crate) struct Owned;
/// Ownership of a handle that only ever lives inside something else: `release` does not compile for it.
pub(crate) struct LentOnly;

/// A C type and what is behind it.
pub(crate) trait Opaque {
    /// What the handle holds.
    type Value;
    /// Who frees it.
    type Ownership;
    /// Four letters that tell this type's handles from all others.
    const TAG: [u8; 4];
    /// The C name, for messages.
    const NAME: &'static str;
}

/// A handle's memory.
#[repr(C)]
struct Handle<V> {
    tag: AtomicU64,
    value: V,
}

const OWNED: u32 = u32::from_be_bytes(*b"OWND");
const LENT: u32 = u32::from_be_bytes(*b"LENT");
const FREED: u64 = u64::from_be_bytes(*b"FREEDXXX");

const fn tag_of(kind: [u8; 4], owner: u32) -> u64 {
    ((u32::from_be_bytes(kind) as u64) << 32) | owner as u64
}

/// A handle inside another one: visible for as long as its owner lives, never freed by the caller.
pub(crate) struct Lent<T: Opaque>(Box<Handle<T::Value>>);

impl<T: Opaque> Lent<T> {
    pub(crate) fn new(value: T::Value) -> Self {
        Self(Box::new(Handle {
            tag: AtomicU64::new(tag_of(T::TAG, LENT)),
            value,
        }))
    }

    pub(crate) fn as_ptr(&self) -> *const T {
        std::ptr::from_ref(&*self.0).cast()
    }
}

/// A handle for the caller, who frees it.
pub(crate) fn hand_over<T: Opaque<Ownership = Owned>>(value: T::Value) -> *mut T {
    Box::into_raw(Box::new(Handle {
        tag: AtomicU64::new(tag_of(T::TAG, OWNED)),
        value,
    }))
    .cast()
}

/// The caller's promise that all pointers of this call are what the header says: NULL or valid, texts ended by NUL,
/// arrays as long as stated, handles not freed and not changed by another thread meanwhile.
pub(crate) struct Contract(PhantomData<*const ()>);

#[allow(clippy::unused_self, reason = "the receiver is the proof")]
impl Contract {
    /// # Safety
    /// The caller of the C function keeps the header's contract for the duration of the call.
    pub(crate) const unsafe fn promised() -> Self {
        Self(PhantomData)
    }

    fn tag<T: Opaque>(ptr: *const T, name: &str) -> Outcome<&AtomicU64> {
        let ptr = ptr.cast::<AtomicU64>();
        if ptr.is_null() {
            return Err(null(name));
        }
        if !ptr.is_aligned() {
            return Err(stranger::<T>(name));
        }
        // SAFETY: by the contract it points to a handle, and each handle starts with its tag.
        Ok(unsafe { &*ptr })
    }

    fn check<T: Opaque>(ptr: *const T, name: &str) -> Outcome<()> {
        let tag = Self::tag(ptr, name)?.load(Ordering::Relaxed);
        if tag == tag_of(T::TAG, OWNED) || tag == tag_of(T::TAG, LENT) {
            Ok(())
        } else {
            Err(stranger::<T>(name))
        }
    }

    /// What is behind a handle.
    pub(crate) fn get<T: Opaque>(&self, ptr: *const T, name: &str) -> Outcome<&T::Value> {
        Self::check(ptr, name)?;
        // SAFETY: by the contract the handle is alive during this call; its tag says that it is a `Handle` of this type.
        Ok(unsafe { &(*ptr.cast::<Handle<T::Value>>()).value })
    }

    /// What is behind a handle, to be changed.
    #[allow(
        clippy::mut_from_ref,
        reason = "the lifetime is the contract's, the pointer is the caller's"
    )]
    pub(crate) fn get_mut<T: Opaque>(&self, ptr: *mut T, name: &str) -> Outcome<&mut T::Value> {
        Self::check(ptr.cast_const(), name)?;
        // SAFETY: as in `get`; by the contract no other thread uses a handle that is passed without `const`, and no
        // function takes two of one type.
        Ok(unsafe { &mut (*ptr.cast::<Handle<T::Value>>()).value })
    }

    /// Takes a handle back. `None` for NULL, for what is only lent, and for what is no handle of this type (any more).
    pub(crate) fn take_back<T: Opaque<Ownership = Owned>>(&self, ptr: *mut T) -> Option<T::Value> {
        let tag = Self::tag(ptr.cast_const(), "handle").ok()?;
        tag.compare_exchange(
            tag_of(T::TAG, OWNED),
            FREED,
            Ordering::AcqRel,
            Ordering::Relaxed,
        )
        .ok()?;
        // SAFETY: the tag said that `hand_over` made it for this type and that nobody has taken it back; now it says so.
        Some(unsafe { Box::from_raw(ptr.cast::<Handle<T::Value>>()) }.value)
    }

    /// A text that must be there.
    pub(crate) fn text(&self, ptr: *const c_char, name: &str) -> Outcome<&str> {
        self.text_or_none(ptr, name)?.ok_or_else(|| null(name))
    }

    /// A text that may be NULL.
    pub(crate) fn text_or_none(&self, ptr: *const c_char, name: &str) -> Outcome<Option<&str>> {
        let Some(bytes) = self.octets_or_none(ptr) else {
            return Ok(None);
        };
        let text = std::str::from_utf8(bytes).map_err(|_| {
            Failure::binding(
                evertoken_status::EVERTOKEN_BAD_UTF8,
                format!("{name} is not UTF-8"),
            )
        })?;
        Ok(Some(text))
    }

    /// Text of any encoding, such as a header's value, without its NUL.
    pub(crate) fn octets_or_none(&self, ptr: *const c_char) -> Option<&[u8]> {
        // SAFETY: by the contract a text is NULL or ended by NUL, and unchanged during this call.
        (!ptr.is_null()).then(|| unsafe { CStr::from_ptr(ptr) }.to_bytes())
    }

    /// An array of `len` entries. NULL is the empty array.
    pub(crate) fn slice<T>(&self, ptr: *const T, len: usize, name: &str) -> Outcome<&[T]> {
        if len == 0 {
            return Ok(&[]);
        }
        if ptr.is_null() {
            return Err(null(name));
        }
        if !ptr.is_aligned()
            || len
                .checked_mul(size_of::<T>().max(1))
                .is_none_or(|bytes| isize::try_from(bytes).is_err())
        {
            return Err(misuse(format!("{name} is no array of that length")));
        }
        // SAFETY: by the contract the array is as long as stated and unchanged during this call.
        Ok(unsafe { std::slice::from_raw_parts(ptr, len) })
    }

    /// An out-parameter that must be there.
    pub(crate) fn out<T>(&self, ptr: *mut T, name: &str) -> Outcome<Out<'_, T>> {
        if ptr.is_null() {
            return Err(null(name));
        }
        if !ptr.is_aligned() {
            return Err(misuse(format!("{name} is misaligned")));
        }
        Ok(Out(ptr, PhantomData))
    }

    /// An out-parameter that the caller may leave out.
    pub(crate) fn out_or_none<T>(&self, ptr: *mut T) -> Option<Out<'_, T>> {
        (!ptr.is_null() && ptr.is_aligned()).then_some(Out(ptr, PhantomData))
    }

    /// The caller's buffer, to be written only.
    pub(crate) fn buffer(&self, ptr: *mut u8, capacity: usize, name: &str) -> Outcome<Buffer<'_>> {
        if ptr.is_null() && capacity > 0 {
            return Err(null(name));
        }
        Ok(Buffer {
            ptr,
            capacity,
            contract: PhantomData,
        })
    }
}

/// Permission to write one out-parameter.
pub(crate) struct Out<'a, T>(*mut T, PhantomData<&'a Contract>);

impl<T> Out<'_, T> {
    pub(crate) fn write(self, value: T) {
        // SAFETY: not NULL and aligned, as `Contract::out` checked; by the contract valid for a write. What was there
        // is the caller's and is not dropped.
        unsafe { self.0.write(value) }
    }
}

/// Permission to write the caller's buffer.
pub(crate) struct Buffer<'a> {
    ptr: *mut u8,
    capacity: usize,
    contract: PhantomData<&'a Contract>,
}

impl Buffer<'_> {
    pub(crate) fn capacity(&self) -> usize {
        self.capacity
    }

    /// Writes as much of `bytes` as fits; how much that was.
    pub(crate) fn write(&self, bytes: &[u8]) -> usize {
        let count = bytes.len().min(self.capacity);
        if count > 0 {
            // SAFETY: by the contract the buffer takes `capacity` bytes, and it is the caller's own memory, so it does
            // not overlap ours.
            unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), self.ptr, count) };
        }
        count
    }

    /// Writes the first `length` bytes of `words` and a NUL if both fit; whether they did. For words that may change
    /// while they are read: whoever calls finds out.
    pub(crate) fn write_words(&self, words: &[AtomicU64], length: usize) -> bool {
        const BYTES: usize = size_of::<u64>();
        if length >= self.capacity || length > words.len() * BYTES {
            return false;
        }
        let (whole, rest) = (length / BYTES, length % BYTES);
        for (index, word) in words[..whole].iter().enumerate() {
            let word = word.load(Ordering::Relaxed);
            // SAFETY: the word ends at or before `length`, which is below the capacity.
            unsafe {
                self.ptr
                    .add(index * BYTES)
                    .cast::<u64>()
                    .write_unaligned(word);
            };
        }
        if rest > 0 {
            let last = words[whole].load(Ordering::Relaxed).to_ne_bytes();
            // SAFETY: these bytes end at `length`, which is below the capacity; they do not overlap our own.
            unsafe {
                std::ptr::copy_nonoverlapping(last.as_ptr(), self.ptr.add(whole * BYTES), rest);
            };
        }
        // SAFETY: `length` is below the capacity.
        unsafe { self.ptr.add(length).write(0) };
        true
    }

    /// Writes `text` and a NUL if both fit; whether they did.
    pub(crate) fn write_text(&self, text: &str) -> bool {
        if text.len() >= self.capacity {
            return false;
        }
        let count = self.write(text.as_bytes());
        // SAFETY: `count` is below the capacity.
        unsafe { self.ptr.add(count).write(0) };
        true
    }
}

/// Writes the leading bytes of a plain C struct, so that a caller built against an older, shorter form of it gets
/// what it knows.
pub(crate) fn write_prefix<T: Copy>(
    contract: &Contract,
    ptr: *mut T,
    size: usize,
    value: &T,
    name: &str,
) -> Outcome<()> {
    let out = contract.out(ptr, name)?;
    // SAFETY: `value` is a plain `repr(C)` struct of integers without padding; by the contract the caller's struct has
    // `size` bytes.
    unsafe {
        std::ptr::copy_nonoverlapping(
            std::ptr::from_ref(value).cast::<u8>(),
            out.0.cast::<u8>(),
            size.min(size_of::<T>()),
        );
    };
    Ok(())
}

fn null(name: &str) -> Failure {
    Failure::binding(
        evertoken_status::EVERTOKEN_NULL_ARGUMENT,
        format!("{name} is NULL"),
    )
}

fn stranger<T: Opaque>(name: &str) -> Failure {
    misuse(format!(
        "{name} is no live {}: it was freed before, or is something else",
        T::NAME
    ))
}

pub(crate) fn misuse(message: impl Into<String>) -> Failure {
    Failure::binding(evertoken_status::EVERTOKEN_MISUSE, message)
}
