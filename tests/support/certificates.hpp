// SPDX-License-Identifier: Apache-2.0
// A certificate authority that lives for one test, and server certificates from it. Made by OpenSSL in memory; only the authority's
// certificate is written to a file, since clients want one.
#pragma once

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <memory>
#include <stdexcept>
#include <string>

namespace uprev::test {

using Key = std::shared_ptr<EVP_PKEY>;
using Cert = std::shared_ptr<X509>;

inline void must(bool good, const char* what) {
    if (!good) throw std::runtime_error(what);
}

class Certificate {
   public:
    Certificate(Key key, Cert cert) : key_(std::move(key)), cert_(std::move(cert)) {}
    [[nodiscard]] std::shared_ptr<SSL_CTX> server_context() const {
        std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_server_method()), &SSL_CTX_free);
        must(context && SSL_CTX_use_certificate(context.get(), cert_.get()) == 1 &&
                 SSL_CTX_use_PrivateKey(context.get(), key_.get()) == 1,
             "server certificate");
        return context;
    }
    [[nodiscard]] const Key& key() const { return key_; }
    [[nodiscard]] const Cert& cert() const { return cert_; }

   private:
    Key key_;
    Cert cert_;
};

inline Certificate make_certificate(const std::string& name, const std::string& alternatives, const Certificate* issuer,
                                    long seconds_from, long seconds_until) {
    const Key key(EVP_EC_gen("P-256"), &EVP_PKEY_free);
    const Cert cert(X509_new(), &X509_free);
    must(key && cert, "key");
    static long serial = 1;
    X509_set_version(cert.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(cert.get()), serial++);
    X509_gmtime_adj(X509_getm_notBefore(cert.get()), seconds_from);
    X509_gmtime_adj(X509_getm_notAfter(cert.get()), seconds_until);
    X509_set_pubkey(cert.get(), key.get());
    X509_NAME_add_entry_by_txt(X509_get_subject_name(cert.get()), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
    X509* parent = issuer != nullptr ? issuer->cert().get() : cert.get();
    X509_set_issuer_name(cert.get(), X509_get_subject_name(parent));
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, parent, cert.get(), nullptr, nullptr, 0);
    const auto extend = [&](int nid, const std::string& value) {
        X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
        must(extension != nullptr && X509_add_ext(cert.get(), extension, -1) == 1, "extension");
        X509_EXTENSION_free(extension);
    };
    extend(NID_basic_constraints, issuer == nullptr ? "critical,CA:TRUE" : "critical,CA:FALSE");
    if (!alternatives.empty()) extend(NID_subject_alt_name, alternatives);
    must(X509_sign(cert.get(), issuer != nullptr ? issuer->key().get() : key.get(), EVP_sha256()) > 0, "signature");
    return {key, cert};
}

class Authority {
   public:
    // Writes its certificate to `file`.
    explicit Authority(const std::string& file)
        : own_(make_certificate("uprev test authority", "", nullptr, -60, 86400)), file_(file) {
        FILE* out = fopen(file.c_str(), "w");
        must(out != nullptr && PEM_write_X509(out, own_.cert().get()) == 1, "authority file");
        fclose(out);
    }
    // `alternatives`: "DNS:vendor.example,IP:127.0.0.1".
    [[nodiscard]] Certificate issue(const std::string& alternatives, long seconds_until = 86400) const {
        return make_certificate("server", alternatives, &own_, -7200, seconds_until);
    }
    [[nodiscard]] const std::string& file() const { return file_; }

   private:
    Certificate own_;
    std::string file_;
};

}  // namespace uprev::test
