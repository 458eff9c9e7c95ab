// TLS between our client and our server, with certificates made here.
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <filesystem>

#include "http/client.hpp"
#include "loopback.hpp"

using namespace sotto;

namespace {

/// A self-signed certificate of a name, as files in a temporary folder.
class Certificate {
 public:
  explicit Certificate(const char* subject_alternative_name) {
    std::string folder = std::filesystem::temp_directory_path() / "sotto-tls-XXXXXX";
    REQUIRE(mkdtemp(folder.data()) != nullptr);
    folder_ = folder;
    write(subject_alternative_name);
  }
  ~Certificate() { std::filesystem::remove_all(folder_); }
  Certificate(const Certificate&) = delete;
  Certificate& operator=(const Certificate&) = delete;

  /// Another one in the same files.
  void write(const char* subject_alternative_name) {
    EVP_PKEY* key = EVP_EC_gen("P-256");
    X509* certificate = X509_new();
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), ++serial_);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -60);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    X509_NAME* name = X509_get_subject_name(certificate);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>("sotto test"), -1, -1, 0);
    X509_set_issuer_name(certificate, name);
    X509_EXTENSION* extension =
        X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, subject_alternative_name);
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
    REQUIRE(X509_sign(certificate, key, EVP_sha256()) > 0);

    std::FILE* file = std::fopen(files().certificate.c_str(), "w");
    PEM_write_X509(file, certificate);
    std::fclose(file);
    file = std::fopen(files().key.c_str(), "w");
    PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr);
    std::fclose(file);
    X509_free(certificate);
    EVP_PKEY_free(key);
  }
  TlsFiles files() const { return {folder_ + "/certificate.pem", folder_ + "/key.pem"}; }

 private:
  static inline int serial_ = 0;
  std::string folder_;
};

HttpServerOptions with_tls(const Certificate& certificate) {
  HttpServerOptions options;
  options.tls = certificate.files();
  options.websocket_path = "/events";
  return options;
}

HttpCall call_to(const HttpServer& server, std::string host = "localhost") {
  HttpCall call;
  call.origin = {.tls = true, .host = std::move(host), .port = server.port()};
  call.method = "PUT";
  call.body = shared_bytes(200'000);
  return call;
}

/// What a client of OpenSSL's own agrees on: protocol, ALPN; empty when there is no handshake.
std::string agreed(const HttpServer& server, int most_version, const char* protocols) {
  SSL_CTX* context = SSL_CTX_new(TLS_client_method());
  SSL_CTX_set_security_level(context, 0);
  SSL_CTX_set_min_proto_version(context, TLS1_VERSION);
  SSL_CTX_set_max_proto_version(context, most_version);
  BIO* bio = BIO_new_ssl_connect(context);
  SSL* ssl = nullptr;
  BIO_get_ssl(bio, &ssl);
  SSL_set_alpn_protos(ssl, reinterpret_cast<const unsigned char*>(protocols),
                      static_cast<unsigned>(std::string_view(protocols).size()));
  BIO_set_conn_hostname(bio, ("127.0.0.1:" + std::to_string(server.port())).c_str());
  std::string text;
  if (BIO_do_connect(bio) == 1) {
    const unsigned char* name = nullptr;
    unsigned length = 0;
    SSL_get0_alpn_selected(ssl, &name, &length);
    text = std::string(SSL_get_version(ssl)) + ' ' + std::string(name, name + length);
  }
  BIO_free_all(bio);
  SSL_CTX_free(context);
  return text;
}

}  // namespace

TEST_CASE("calls go over TLS when the certificate is trusted and names the host") {
  const Certificate certificate("DNS:localhost,IP:127.0.0.1");
  TestServer test(with_tls(certificate));
  HttpClient client({.certificate_authorities = certificate.files().certificate});
  for (const char* host : {"localhost", "127.0.0.1", "localhost"}) {
    const auto reply = client.call(call_to(*test.server, host));
    REQUIRE_MESSAGE(reply.ok(), reply.error().message);
    CHECK(reply->body.size() == std::string("PUT / ").size() + 200'000);
  }
}

TEST_CASE("a certificate that is not trusted or of another name is refused") {
  const Certificate certificate("DNS:elsewhere.example");
  const Certificate other("DNS:localhost");
  TestServer test(with_tls(certificate));
  HttpClient wrong_name({.certificate_authorities = certificate.files().certificate});
  CHECK(wrong_name.call(call_to(*test.server)).error().code == ErrorCode::kIo);
  HttpClient wrong_authority({.certificate_authorities = other.files().certificate});
  CHECK(wrong_authority.call(call_to(*test.server)).error().code == ErrorCode::kIo);
  HttpClient no_authority({.certificate_authorities = "/nowhere.pem"});
  const auto reply = no_authority.call(call_to(*test.server));
  CHECK(reply.error().code == ErrorCode::kIo);
  CHECK(reply.error().message.find("/nowhere.pem") != std::string::npos);
  CHECK(test.server->statistics().requests == 0);
}

TEST_CASE("TLS 1.2 and up is spoken, and HTTP/1.1 in it") {
  const Certificate certificate("DNS:localhost");
  TestServer test(with_tls(certificate));
  CHECK(agreed(*test.server, TLS1_3_VERSION, "\x02h2\x08http/1.1") == "TLSv1.3 http/1.1");
  CHECK(agreed(*test.server, TLS1_2_VERSION, "\x08http/1.1") == "TLSv1.2 http/1.1");
  CHECK(agreed(*test.server, TLS1_1_VERSION, "\x08http/1.1").empty());
  CHECK(agreed(*test.server, TLS1_3_VERSION, "\x02h2").empty());
}

TEST_CASE("a certificate is replaced while the server runs, and kept when the new one is bad") {
  Certificate certificate("DNS:localhost");
  TestServer test(with_tls(certificate));
  HttpClient before({.certificate_authorities = certificate.files().certificate});
  REQUIRE(before.call(call_to(*test.server)).ok());
  certificate.write("DNS:localhost");
  HttpClient after({.certificate_authorities = certificate.files().certificate});
  CHECK_FALSE(after.call(call_to(*test.server)).ok());
  CHECK(test.server->reload_tls().ok());
  CHECK(after.call(call_to(*test.server)).ok());
  CHECK(before.call(call_to(*test.server)).ok());  // its connection goes on

  std::filesystem::resize_file(certificate.files().key, 10);
  CHECK(test.server->reload_tls().error().code == ErrorCode::kIo);
  CHECK(after.call(call_to(*test.server)).ok());
}

TEST_CASE("who does not shake hands is cut off") {
  const Certificate certificate("DNS:localhost");
  HttpServerOptions options = with_tls(certificate);
  options.limits.head_timeout_ms = 50;
  TestServer test(options);
  RawClient silent(*test.server);
  CHECK(silent.closed());
  RawClient plain(*test.server);
  plain.send(get("/"));
  CHECK(eventually([&] { return test.server->statistics().connections == 0; }));
}

TEST_CASE("a large response goes over TLS whole, and a WebSocket is opened over it") {
  const Certificate certificate("DNS:localhost");
  TestServer test(with_tls(certificate));
  test.handler.on_handle = [](const HttpRequest&, const HttpRespond& respond) {
    respond({.status = 200, .headers = {}, .body = shared_bytes(3'000'000)});
  };
  HttpClient client({.certificate_authorities = certificate.files().certificate});
  const auto reply = client.call(call_to(*test.server));
  REQUIRE(reply.ok());
  CHECK(reply->body == *shared_bytes(3'000'000));

  SSL_CTX* context = SSL_CTX_new(TLS_client_method());
  BIO* bio = BIO_new_ssl_connect(context);
  BIO_set_conn_hostname(bio, ("127.0.0.1:" + std::to_string(test.server->port())).c_str());
  REQUIRE(BIO_do_connect(bio) == 1);
  const std::string hello =
      get("/events",
          "connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n"
          "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n");
  REQUIRE(BIO_write(bio, hello.data(), static_cast<int>(hello.size())) > 0);
  REQUIRE(eventually([&] { return test.server->statistics().websockets == 1; }));
  test.server->broadcast("{}");
  std::string text;
  while (text.find("{\"id\":1}") == std::string::npos) {
    char piece[512];
    const int n = BIO_read(bio, piece, sizeof piece);
    REQUIRE(n > 0);
    text.append(piece, static_cast<size_t>(n));
  }
  CHECK(text.starts_with("HTTP/1.1 101 "));
  BIO_free_all(bio);
  SSL_CTX_free(context);
}
