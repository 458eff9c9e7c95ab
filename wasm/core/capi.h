/* The C ABI of sotto.wasm: one device (shared/device/device.hpp), as a host sees it.
 *
 * A host calls `_initialize` once, before anything else, and checks sotto_abi_version. Then:
 *
 *   create -> open (stored records) -> load a model -> track, recommend, contribute ... -> close
 *
 * Conventions
 * - Every function that can fail returns a code: 0, or the number of an ErrorCode
 *   (shared/base/result.hpp, sotto_error_name). The message is in sotto_last_error until the next
 *   call on the handle. A call that fails has changed nothing unless it says otherwise.
 * - Buffers that go in live in the module's memory (sotto_alloc, write, call, sotto_free), are read
 *   during the call and not kept. NULL is good for an empty one. What lies outside of the memory is
 *   INVALID_ARGUMENT, as is a handle that is none.
 * - Results come out in a sotto_bytes, which points to bytes of the handle: valid until the next
 *   call on that handle (sotto_last_error aside). After a failure it is {NULL, 0}.
 * - Memory may grow in any call, so a host makes its views anew after each one.
 * - Time is the host's: now_ms, a double, milliseconds since 1970 in [0, 2^53), fractions dropped.
 * - A module that has trapped is never used again, nor is any handle in it.
 * - Thread safety: none; one instance belongs to one thread.
 *
 * Encodings are little-endian, without padding, without optional fields; bytes left over at the end
 * are an error. In what follows
 *   text      u16 length | UTF-8
 *   ids       u32 n | n texts
 *   changes   u32 n | for each: u16 key length | key | u8 deleted (0, 1) | u32 length | bytes
 *             to commit in one transaction, before anything they stand for is shown to the world.
 */
#pragma once

#include <stdint.h>

#ifdef __wasm__
#define SOTTO_EXPORT(name) __attribute__((export_name(#name))) name
#else
#define SOTTO_EXPORT(name) name /* benchmarks and fuzz targets call the same functions natively */
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* Grows by one whenever something here changes its meaning. A loader refuses any other number. */
#define SOTTO_ABI_VERSION 6
uint32_t SOTTO_EXPORT(sotto_abi_version)(void);

typedef struct sotto_device sotto_device;
typedef struct {
  const uint8_t* data;
  uint32_t size;
} sotto_bytes;

/* --- Module ------------------------------------------------------------------------------------
 */

/* `size` bytes, aligned for every type, or NULL when there is no memory. The host owns them. */
void* SOTTO_EXPORT(sotto_alloc)(uint32_t size);
/* `bytes` came from sotto_alloc, or is NULL. */
void SOTTO_EXPORT(sotto_free)(void* bytes);
/* Bytes that are allocated now, the host's and the handles'. */
uint32_t SOTTO_EXPORT(sotto_memory_used)(void);
/* E.g. "0.1.0". A NUL-terminated constant, as the next one. */
const char* SOTTO_EXPORT(sotto_core_version)(void);
/* The stable name of a code, e.g. "INVALID_ARGUMENT"; "UNKNOWN" for a number that is none. */
const char* SOTTO_EXPORT(sotto_error_name)(int32_t code);

/* Checks that this build computes what it should on this machine: 0, or the sum of the parts that
 * do not. A few microseconds. */
enum {
  SOTTO_SELF_TEST_CRYPTO = 1,  /* ChaCha20 and BLAKE2b against known answers */
  SOTTO_SELF_TEST_ENTROPY = 2, /* the host's entropy import delivers */
  SOTTO_SELF_TEST_SIMD = 4     /* linear algebra is vectorised, and right */
};
int32_t SOTTO_EXPORT(sotto_self_test)(void);

/* --- Device ------------------------------------------------------------------------------------
 */

/* An empty handle, or NULL when there is no memory. */
sotto_device* SOTTO_EXPORT(sotto_device_create)(void);
void SOTTO_EXPORT(sotto_device_close)(sotto_device* device);
/* The message of the last call on the handle; empty when it succeeded. */
void SOTTO_EXPORT(sotto_last_error)(const sotto_device* device, sotto_bytes* message);

/* Opens what was stored, or a new installation when there are no records. A second call replaces
 * the device (and its model); when it fails the first one goes on.
 *   options  text site | identity keys, 32 each: publisher, leader, helper
 *            | u8 floors (0 production, 1 demonstration) | f64 window rho | f64 lifetime rho
 *            | i64 window ms | f64 participation | u32 least history | u32 most events
 *            | u32 most summaries | u64 memory budget | u8 without fine-tuning (0, 1)
 *            Zeros stand for the defaults of DeviceOptions, and of 256 MiB.
 *   records  changes, none deleted: every record that is stored
 *   result   damage: u32 unreadable | u32 stale | u64 missing | u8 head lost (all of the log)
 *            | u8 cleaner | u8 prequential | u8 model | u8 ledger | u32 outbox, then changes
 * Floors of a demonstration (SOTTO_DEMO_*, both servers' noise) hold only while the publisher's own
 * signed manifest labels the site one; whatever this asks for, any other site has production's.
 * The memory budget bounds each of: the records, a model with its catalogue, a contribution.
 * Beyond it, or when the host gives no memory, calls fail with OUT_OF_MEMORY. */
#define SOTTO_DEMO_MIN_BATCH 2
#define SOTTO_DEMO_MIN_Z 0.1
int32_t SOTTO_EXPORT(sotto_device_open)(sotto_device* device, const uint8_t* options,
                                        uint32_t options_size, const uint8_t* records,
                                        uint32_t records_size, double now_ms, sotto_bytes* result);
/* result: changes, the whole state. Opened again it gives the same device. */
int32_t SOTTO_EXPORT(sotto_device_save)(sotto_device* device, sotto_bytes* result);
/* Everything about the visitor goes; see Device::forget for what stays. result: changes. */
int32_t SOTTO_EXPORT(sotto_device_forget)(sotto_device* device, sotto_bytes* result);

/* --- Model -------------------------------------------------------------------------------------
 */

/* What a signed manifest names, once it is checked as sotto_model_load checks it: which files to
 * fetch. Nothing changes.
 * result: u64 sequence | i64 created | i64 expires | u8 label (0 production, 1 demonstration)
 *         | int8 snapshot, catalogue, each: SHA-256 32 | u64 size (0: there is none) */
int32_t SOTTO_EXPORT(sotto_manifest_read)(sotto_device* device, const uint8_t* manifest,
                                          uint32_t manifest_size, double now_ms,
                                          sotto_bytes* result);
/* The files of a publication, as fetched; catalogue is empty when the manifest names none. The
 * model before stays when this fails.
 *   hashes  SHA-256 of the snapshot and of the catalogue, 32 each, which the host has computed of
 *           these very bytes: WebCrypto is many times faster than a module that no call has warmed
 *           up. Or empty: they are computed here.
 *   result  changes */
int32_t SOTTO_EXPORT(sotto_model_load)(sotto_device* device, const uint8_t* manifest,
                                       uint32_t manifest_size, const uint8_t* snapshot,
                                       uint32_t snapshot_size, const uint8_t* catalogue,
                                       uint32_t catalogue_size, const uint8_t* hashes,
                                       uint32_t hashes_size, double now_ms, sotto_bytes* result);
/* result: u64 sequence | i64 created | i64 expires | u8 label (0 production, 1 demonstration)
 *         | u32 rows | u32 live rows | u32 dim | u64 catalogue version | u32 tags
 *         | SHA-256 of the snapshot 32 */
int32_t SOTTO_EXPORT(sotto_model_describe)(sotto_device* device, sotto_bytes* result);
/* The items of the rows, in order, for filters by row.
 * result: u32 n | for each row: u8 live | text id */
int32_t SOTTO_EXPORT(sotto_items_list)(sotto_device* device, sotto_bytes* result);

/* --- Events ------------------------------------------------------------------------------------
 */

/* Numbers of types, ranges of values and lengths: shared/events/event.hpp. An event that is wrong
 * is no error: it is dropped, and counted. What an event costs is divided into what must be done at
 * once (this), what the next list needs (sotto_profile_prepare) and what nobody waits for
 * (sotto_event_settle): a host may make the last two calls whenever it is asked nothing, or never.
 *   event   u8 type | u8 has value (0, 1) | i64 timestamp | f64 value | text item | text session
 *   result  u8 dropped (0: kept, else the number of DropReason + 1) | u8 imputed | i64 timestamp
 *           | f64 value (these three as stored, 0 when dropped) | changes */
int32_t SOTTO_EXPORT(sotto_event_track)(sotto_device* device, const uint8_t* event,
                                        uint32_t event_size, double now_ms, sotto_bytes* result);
/* What is due of the latest event: the place that its item had in the list before it, for
 * prequential evaluation, and what later duplicates of it are known by.
 * result: changes; none when nothing is due. */
int32_t SOTTO_EXPORT(sotto_event_settle)(sotto_device* device, sotto_bytes* result);
/* Makes the profile that the next list is made from, if it is not made yet. result: empty.
 * NOT_FOUND without a model. */
int32_t SOTTO_EXPORT(sotto_profile_prepare)(sotto_device* device, double now_ms,
                                            sotto_bytes* result);
/* What is recorded, oldest arrival first, for the visitor's own eyes.
 * result: u32 n | for each event: u8 type | u8 imputed | i64 timestamp | f64 value | text item
 *           | text session
 *         | u32 n | for each item whose older events are summed up: text item | i64 first | i64
 * last | u8 opinion (a type; 0: none) | u8 n | for each: u8 type | u32 count | f64 value sum | u64
 * events that are forgotten */
int32_t SOTTO_EXPORT(sotto_events_list)(sotto_device* device, sotto_bytes* result);
/* result: u64 received | u64 kept | u8 6 | u64 dropped, by DropReason
 *         | u8 6 | u64 repaired, by Repair */
int32_t SOTTO_EXPORT(sotto_cleaning_count)(sotto_device* device, sotto_bytes* result);

/* --- Lists -------------------------------------------------------------------------------------
 */

/*   request  u32 count (1 .. 1000) | f32 diversity (0 .. 1) | f32 dislike strength (0 .. 1)
 *            | u8 include seen (0, 1) | text context item (empty: none) | u8 filter, and its own:
 *              0 none | 1 all but: ids | 2 only: ids
 *              3 rows: u32 n = rows of the model | ceil(n / 8) bytes, bit r % 8 of byte r / 8 is
 *                1 for an allowed row
 *            Ids that the model does not know count for nothing, also as context.
 *   result   u32 n | for each, best first: text id | f32 score | u8 source (ListSource)
 * NOT_FOUND without a model. */
int32_t SOTTO_EXPORT(sotto_items_recommend)(sotto_device* device, const uint8_t* request,
                                            uint32_t request_size, double now_ms,
                                            sotto_bytes* result);
/* Up to `steps` pieces of fine-tuning, a millisecond or so each, for idle time: Device::tune. Lists
 * are of the plain fold-in until there is no more to do.
 * result: u8 1: there is more to do; 0: there is not, or fine-tuning is off, or the model was
 * published without a prior of its gains, or there is no model. */
int32_t SOTTO_EXPORT(sotto_device_tune)(sotto_device* device, uint32_t steps, double now_ms,
                                        sotto_bytes* result);
/* Items like one. request: text item | request as above. NOT_FOUND for an item that is unknown. */
int32_t SOTTO_EXPORT(sotto_items_similar)(sotto_device* device, const uint8_t* request,
                                          uint32_t request_size, double now_ms,
                                          sotto_bytes* result);
/* "Because you ..." (shared/retrieval/explanation.hpp).
 *   request  text item | u32 most reasons (1 .. 100)
 *   result   f32 score | u32 n | for each: text id | f32 term | f32 drop */
int32_t SOTTO_EXPORT(sotto_item_explain)(sotto_device* device, const uint8_t* request,
                                         uint32_t request_size, double now_ms, sotto_bytes* result);
/* result: u32 n | for each category: u32 tag | text name | f64 share
 *         | u32 n | for each item behind it: text id | f64 share */
int32_t SOTTO_EXPORT(sotto_interests_list)(sotto_device* device, double now_ms,
                                           sotto_bytes* result);
/* How the live model did before each item was learnt, over placements since a time.
 * result: u32 n | f64 hr@10 | f64 ndcg@100 | f64 mrr */
int32_t SOTTO_EXPORT(sotto_prequential_summarize)(sotto_device* device, double since_ms,
                                                  sotto_bytes* result);

/* --- Contributions -----------------------------------------------------------------------------
 */

/* What a task file says, unchecked: whose keys to fetch for the next two calls, which check it.
 * UNSUPPORTED when its VDAF is not in this build: sotto-proofs.wasm has them all.
 * result: task id 32 | u8 kind (TaskKind) | u64 model sequence | i64 window start | i64 window end
 * | u32 dimension | f64 rho | f64 sigma in the bound of a report | u64 least batch | u64 most | u8
 * noise by (NoiseBy) | leader's key id 16 | helper's key id 16 */
int32_t SOTTO_EXPORT(sotto_task_read)(sotto_device* device, const uint8_t* task, uint32_t task_size,
                                      sotto_bytes* result);
/* What a report of this task would hold, computed for the visitor's own eyes with randomness of its
 * own: it is not sent, and nothing is charged. Integers are i32.
 * result: u8 clipped | u32 n | n integers, clipped | n with the device's noise
 *         | u32 length | the leader's share | u32 length | the helper's share */
int32_t SOTTO_EXPORT(sotto_task_preview)(sotto_device* device, const uint8_t* task,
                                         uint32_t task_size, const uint8_t* leader_key,
                                         uint32_t leader_key_size, const uint8_t* helper_key,
                                         uint32_t helper_key_size, double now_ms,
                                         sotto_bytes* result);
/* Decides about a task, once: task file and signed keys as fetched. After a failure the ledger may
 * have been charged, never the other way round.
 * result: u8 participation (Participation) | task id 32 | f64 rho | i64 send at | changes */
int32_t SOTTO_EXPORT(sotto_task_contribute)(sotto_device* device, const uint8_t* task,
                                            uint32_t task_size, const uint8_t* leader_key,
                                            uint32_t leader_key_size, const uint8_t* helper_key,
                                            uint32_t helper_key_size, double now_ms,
                                            sotto_bytes* result);
/* result: i64 when the next report is to be sent (-1: none waits)
 *         | u32 n | task ids that are due, 32 each, earliest first
 *         | u32 n | every entry: task id 32 | u8 state (OutboxState) | i64 send at | i64 expires
 *         | u32 bytes of the report */
int32_t SOTTO_EXPORT(sotto_outbox_list)(sotto_device* device, double now_ms, sotto_bytes* result);
/* Drops entries whose window is over. result: changes. */
int32_t SOTTO_EXPORT(sotto_outbox_expire)(sotto_device* device, double now_ms, sotto_bytes* result);
/* task_id: 32 bytes, here and below. result: report id 16 | the body to send. NOT_FOUND when none
 * waits. */
int32_t SOTTO_EXPORT(sotto_report_read)(sotto_device* device, const uint8_t* task_id,
                                        sotto_bytes* result);
/* A server has it; the bytes go. result: changes, none when no report waits. */
int32_t SOTTO_EXPORT(sotto_report_acknowledge)(sotto_device* device, const uint8_t* task_id,
                                               sotto_bytes* result);

/* --- Privacy -----------------------------------------------------------------------------------
 */

/* result: u8 state (Ledger::State) | u8 opted out | i64 clock | i64 window ms
 *         | window, lifetime, each: f64 spent rho | left rho | spent epsilon | limit epsilon
 *         | f64 left rho by kind: learning, evaluation, experiment */
int32_t SOTTO_EXPORT(sotto_privacy_overview)(sotto_device* device, double delta,
                                             sotto_bytes* result);
/* A price as epsilon at `delta` (privacy/accountant.hpp). result: f64 epsilon. */
int32_t SOTTO_EXPORT(sotto_privacy_epsilon)(sotto_device* device, double rho, double delta,
                                            sotto_bytes* result);
/* opted_out: 0 or 1. Opting out empties the outbox. result: changes. */
int32_t SOTTO_EXPORT(sotto_privacy_set_opted_out)(sotto_device* device, int32_t opted_out,
                                                  sotto_bytes* result);

#ifdef __cplusplus
}
#endif
