// Errors without exceptions: a closed list of codes, a message for people, and Result<T>.
//
// The core never throws, prints or aborts on bad input. Every function that can fail returns
// Result<T> (or Status when there is nothing to return) and is [[nodiscard]] by its type.
// Thread safety: plain values.
#pragma once

#include <cstdint>
#include <new>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

/// A class whose move leaves nothing to destroy may be passed and returned in a register, where the
/// compiler knows how (clang, so WebAssembly): the callee destroys what it was given.
#ifdef __clang__
#define SOTTO_IN_REGISTER [[clang::trivial_abi]]
#else
#define SOTTO_IN_REGISTER
#endif

namespace sotto {

/// Closed and numbered: the same numbers cross the C ABI, the same names appear in JSON.
/// Bad input and bugs have different codes.
enum class ErrorCode : int32_t {
  kOk = 0,
  kInvalidArgument = 1,  ///< The caller passed a value outside the documented range.
  kMalformed = 2,        ///< Outside data does not follow its format.
  kUnsupported = 3,      ///< A version, name or kind that this build does not know.
  kNotFound = 4,         ///< A named file, item or user does not exist.
  kIo = 5,               ///< The operating system refused (lab and servers only).
  kOutOfMemory = 6,      ///< A size is beyond the stated memory budget.
  kNumerical = 7,        ///< A computation left the finite numbers.
  kBudgetExhausted = 8,  ///< The privacy budget does not allow it.
  kCancelled = 9,        ///< The caller asked to stop.
  kInternal = 10,        ///< A bug in Sotto.
  kAuthentication = 11,  ///< A signature, seal, key or role is not the expected one.
  kExpired = 12,         ///< Outside of its time: a key, task or report too early or too late.
  kReplay = 13,          ///< Seen before, where once is all there may be.
  kRejected = 14,        ///< A report does not pass the check of its VDAF.
  kBelowFloor = 15,      ///< A task that protects less than this program's floors demand.
  kTooFewReports = 16,   ///< A batch below its minimum.
  kFull = 17,            ///< A batch at its maximum.
  kClosed = 18,          ///< A task that takes nothing more: being collected, or abandoned.
  kDisagreement = 19,    ///< The two servers do not hold the same reports.
};

/// The stable name of a code, e.g. "INVALID_ARGUMENT".
const char* error_code_name(ErrorCode code);

/// What an Error says.
struct ErrorInfo {
  ErrorCode code = ErrorCode::kInternal;
  std::string message;  ///< Names the field and the reason. Never holds a secret.
};

/// A failure on its way to whoever reads it. One pointer; what it points to is made out of line:
/// there are hundreds of places that fail or pass a failure on, and they shall be small.
class [[nodiscard]] SOTTO_IN_REGISTER Error {
 public:
  Error(ErrorCode code, std::string message);
  Error(ErrorCode code, const char* message);
  /// "what: why".
  Error(ErrorCode code, std::string_view what, std::string_view why);
  Error(const ErrorInfo& info);
  Error(const Error& other);
  // By hand, and inlined before all else, so that the pointer stays in a register.
  [[gnu::always_inline]] Error(Error&& other) noexcept : info_(other.info_) {
    other.info_ = nullptr;
  }
  Error& operator=(Error other) noexcept {
    std::swap(info_, other.info_);
    return *this;
  }
  [[gnu::always_inline]] ~Error() {
    if (info_ != nullptr) destroy(info_);
  }
  /// Not after it was moved.
  operator const ErrorInfo&() const { return *info_; }

 private:
  template <class T>
  friend class Result;
  friend class Status;

  Error() = default;
  static void destroy(const ErrorInfo* info) noexcept;

  const ErrorInfo* info_ = nullptr;  // null: moved from, or a Status without one
};

/// Either a T or an Error. Precondition of value() and operator*: ok().
/// Not a std::variant: dispatch by table was 39 kB of sotto.wasm (545 to 506 kB, not gzipped).
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)), ok_(true) {}
  Result(Error error) : error_(std::move(error)), ok_(false) {}
  Result(const ErrorInfo& error) : Result(Error(error)) {}
  Result(ErrorCode code, std::string message) : Result(Error{code, std::move(message)}) {}
  Result(ErrorCode code, const char* message) : Result(Error{code, message}) {}
  Result(const Result& other) : ok_(other.ok_) { construct(other); }
  Result(Result&& other) noexcept(std::is_nothrow_move_constructible_v<T>) : ok_(other.ok_) {
    construct(std::move(other));
  }
  Result& operator=(Result other) noexcept(std::is_nothrow_move_constructible_v<T>) {
    destroy();
    ok_ = other.ok_;
    construct(std::move(other));
    return *this;
  }
  ~Result() { destroy(); }

  bool ok() const { return ok_; }
  explicit operator bool() const { return ok_; }

  T& value() & { return value_; }
  const T& value() const& { return value_; }
  T&& value() && { return std::move(value_); }
  T& operator*() & { return value_; }
  const T& operator*() const& { return value_; }
  T&& operator*() && { return std::move(value_); }
  T* operator->() { return &value_; }
  const T* operator->() const { return &value_; }

  const ErrorInfo& error() const { return *error_.info_; }
  /// The error itself, to pass it on.
  [[gnu::always_inline]] Error failure() && { return std::move(error_); }

 private:
  template <class Other>
  void construct(Other&& other) {
    if (ok_) {
      new (&value_) T(std::forward<Other>(other).value_);
    } else {
      new (&error_) Error(std::forward<Other>(other).error_);
    }
  }
  void destroy() {
    if (ok_) {
      value_.~T();
    } else {
      error_.~Error();
    }
  }

  union {
    T value_;
    Error error_;
  };
  bool ok_;
};

/// Success or an Error, for functions with nothing to return.
class [[nodiscard]] SOTTO_IN_REGISTER Status {
 public:
  [[gnu::always_inline]] Status() {}
  [[gnu::always_inline]] Status(Status&& other) noexcept = default;
  Status(const Status& other) = default;
  Status& operator=(Status other) noexcept {
    error_ = std::move(other.error_);
    return *this;
  }
  [[gnu::always_inline]] ~Status() {}
  [[gnu::always_inline]] Status(Error error) : error_(std::move(error)) {}
  Status(const ErrorInfo& error) : error_(error) {}
  Status(ErrorCode code, std::string message) : error_{code, std::move(message)} {}
  Status(ErrorCode code, const char* message) : error_{code, message} {}
  Status(ErrorCode code, std::string_view what, std::string_view why) : error_{code, what, why} {}

  [[gnu::always_inline]] bool ok() const { return error_.info_ == nullptr; }
  explicit operator bool() const { return ok(); }
  /// Precondition: !ok(), as for the next one.
  const ErrorInfo& error() const { return *error_.info_; }
  [[gnu::always_inline]] Error failure() && { return std::move(error_); }

 private:
  Error error_;
};

}  // namespace sotto

#define SOTTO_CONCAT_INNER(a, b) a##b
#define SOTTO_CONCAT(a, b) SOTTO_CONCAT_INNER(a, b)

/// SOTTO_TRY(auto x, f());  declares x, or returns f's error from the enclosing function.
#define SOTTO_TRY(declaration, expression) \
  SOTTO_TRY_IMPL(SOTTO_CONCAT(sotto_result_, __LINE__), declaration, expression)
#define SOTTO_TRY_IMPL(result, declaration, expression) \
  auto result = (expression);                           \
  if (!result.ok()) return std::move(result).failure(); \
  declaration = std::move(result).value()

/// SOTTO_CHECK_OK(f());  returns f's error from the enclosing function, if it has one.
#define SOTTO_CHECK_OK(expression)                            \
  do {                                                        \
    if (auto sotto_status = (expression); !sotto_status.ok()) \
      return std::move(sotto_status).failure();               \
  } while (false)
