#include "http/tls.hpp"

#include <openssl/err.h>

#include <cstring>

namespace sotto {
namespace {

// TLS 1.2: forward secrecy and authenticated encryption only. TLS 1.3 has nothing else.
constexpr const char* kCiphers = "ECDHE+AESGCM:ECDHE+CHACHA20";
constexpr unsigned char kProtocols[] = "\x08http/1.1";

int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_length,
                    const unsigned char* in, unsigned in_length, void*) {
  unsigned char* chosen = nullptr;
  const int found =
      SSL_select_next_proto(&chosen, out_length, kProtocols, sizeof kProtocols - 1, in, in_length);
  *out = chosen;
  return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

void harden(asio::ssl::context& context) {
  SSL_CTX* native = context.native_handle();
  SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  SSL_CTX_set_cipher_list(native, kCiphers);
  SSL_CTX_set_options(native, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                  SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_IGNORE_UNEXPECTED_EOF);
  // Buffers of idle connections are given back.
  SSL_CTX_set_mode(native, SSL_MODE_RELEASE_BUFFERS);
}

Error cannot(const char* what, const std::string& file, const error_code& ec) {
  return {ErrorCode::kIo, std::string(what) + " '" + file + "': " + ec.message()};
}

}  // namespace

Result<TlsContext> server_tls(const TlsFiles& files) {
  auto context = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_server);
  harden(*context);
  SSL_CTX_set_alpn_select_cb(context->native_handle(), choose_protocol, nullptr);
  SSL_CTX_set_session_cache_mode(context->native_handle(), SSL_SESS_CACHE_OFF);
  error_code ec;
  context->use_certificate_chain_file(files.certificate, ec);
  if (ec) return cannot("certificate", files.certificate, ec);
  context->use_private_key_file(files.key, asio::ssl::context::pem, ec);
  if (ec) return cannot("key", files.key, ec);
  if (SSL_CTX_check_private_key(context->native_handle()) != 1) {
    ERR_clear_error();
    return Error{ErrorCode::kIo, "key '" + files.key + "' is not the certificate's"};
  }
  return context;
}

Result<TlsContext> client_tls(const std::string& certificate_authorities) {
  auto context = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_client);
  harden(*context);
  SSL_CTX_set_alpn_protos(context->native_handle(), kProtocols, sizeof kProtocols - 1);
  error_code ec;
  if (certificate_authorities.empty()) {
    context->set_default_verify_paths(ec);
  } else {
    context->load_verify_file(certificate_authorities, ec);
  }
  if (ec) return cannot("certificate authorities", certificate_authorities, ec);
  context->set_verify_mode(asio::ssl::verify_peer, ec);
  if (ec) return cannot("certificate authorities", certificate_authorities, ec);
  return context;
}

}  // namespace sotto
