#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** The version of this header; evertoken_version() is the library's. */
#define EVERTOKEN_VERSION "@VERSION@"
/** The same, part by part. */
#define EVERTOKEN_VERSION_MAJOR @MAJOR@
/** The same, part by part. */
#define EVERTOKEN_VERSION_MINOR @MINOR@
/** The same, part by part. */
#define EVERTOKEN_VERSION_PATCH @PATCH@

/** As `timeout_ms`: the client's own timeout. */
#define EVERTOKEN_DEFAULT_TIMEOUT 0
/** As `timeout_ms`: wait for as long as it takes. */
#define EVERTOKEN_NO_TIMEOUT (-1)
