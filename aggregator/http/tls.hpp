// OpenSSL contexts of servers and clients. Internal.
#pragma once

#include <memory>
#include <string>

#include "base/result.hpp"
#include "http/asio.hpp"
#include "http/server.hpp"

namespace sotto {

using TlsContext = std::shared_ptr<asio::ssl::context>;

/// TLS 1.2 and up with forward secrecy, ALPN http/1.1. Errors: kIo, naming the file.
Result<TlsContext> server_tls(const TlsFiles& files);
/// Checks the peer's certificate against a PEM file, or the system's when it is empty.
/// Errors: kIo.
Result<TlsContext> client_tls(const std::string& certificate_authorities);

}  // namespace sotto
