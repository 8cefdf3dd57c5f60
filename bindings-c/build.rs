//! Gives the shared library its soname, and keeps it mapped once loaded.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("linux") {
        let major = std::env::var("CARGO_PKG_VERSION_MAJOR").unwrap_or_default();
        // nodelete: the library's threads run its code until the process ends, dlclose or not.
        println!("cargo::rustc-cdylib-link-arg=-Wl,-soname,libevertoken.so.{major},-z,nodelete");
    }
}
