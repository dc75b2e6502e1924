// SPDX-License-Identifier: Apache-2.0
// Those functions of libcurl that we call.
#include <curl/curl.h>

#include <cstdarg>

#include "os/late_library.hpp"

#undef curl_easy_setopt
#undef curl_easy_getinfo

extern "C" {

#define LATE(...) UPREV_LATE(uprev::os::curl_library, __VA_ARGS__)
LATE(CURLcode, curl_global_init, (long flags), flags)
LATE(CURL*, curl_easy_init, (), )
LATE(void, curl_easy_cleanup, (CURL * easy), easy)
LATE(CURLcode, curl_easy_pause, (CURL * easy, int mask), easy, mask)
LATE(const char*, curl_easy_strerror, (CURLcode code), code)
LATE(void, curl_free, (void* at), at)
LATE(CURLM*, curl_multi_init, (), )
LATE(CURLMcode, curl_multi_cleanup, (CURLM * multi), multi)
LATE(CURLMcode, curl_multi_add_handle, (CURLM * multi, CURL* easy), multi, easy)
LATE(CURLMcode, curl_multi_remove_handle, (CURLM * multi, CURL* easy), multi, easy)
LATE(CURLMsg*, curl_multi_info_read, (CURLM * multi, int* left), multi, left)
LATE(CURLMcode, curl_multi_perform, (CURLM * multi, int* running), multi, running)
LATE(CURLMcode, curl_multi_poll, (CURLM * multi, curl_waitfd extra[], unsigned int count, int limit_ms, int* ready), multi, extra,
     count, limit_ms, ready)
LATE(curl_slist*, curl_slist_append, (curl_slist * list, const char* text), list, text)
LATE(void, curl_slist_free_all, (curl_slist * list), list)
LATE(CURLU*, curl_url, (), )
LATE(void, curl_url_cleanup, (CURLU * url), url)
LATE(CURLUcode, curl_url_get, (CURLU * url, CURLUPart part, char** text, unsigned int flags), url, part, text, flags)
LATE(CURLUcode, curl_url_set, (CURLU * url, CURLUPart part, const char* text, unsigned int flags), url, part, text, flags)
LATE(const char*, curl_url_strerror, (CURLUcode code), code)
#undef LATE

// One more argument always, a pointer, long or curl_off_t: each is 64 bits of the same kind where uprev runs.
static_assert(sizeof(void*) == sizeof(curl_off_t) && sizeof(void*) == sizeof(long));

CURLcode curl_easy_setopt(CURL* easy, CURLoption option, ...) {
    static auto* const real = uprev::os::late<decltype(curl_easy_setopt)>(uprev::os::curl_library, "curl_easy_setopt");
    va_list rest;
    va_start(rest, option);
    void* value = va_arg(rest, void*);
    va_end(rest);
    return real(easy, option, value);
}

CURLcode curl_easy_getinfo(CURL* easy, CURLINFO info, ...) {
    static auto* const real = uprev::os::late<decltype(curl_easy_getinfo)>(uprev::os::curl_library, "curl_easy_getinfo");
    va_list rest;
    va_start(rest, info);
    void* value = va_arg(rest, void*);
    va_end(rest);
    return real(easy, info, value);
}

}  // extern "C"
