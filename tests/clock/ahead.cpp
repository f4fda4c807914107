// A wall clock that is BATCHD_CLOCK_AHEAD seconds ahead, for whatever is started with this library in LD_PRELOAD. Only
// CLOCK_REALTIME moves: time that passes is measured by CLOCK_MONOTONIC, which stays as it is.
#include <dlfcn.h>
#include <pthread.h>
#include <sys/time.h>
#include <time.h>

#include <cstdlib>

namespace {

time_t ahead() {
  static const time_t seconds = [] {
    const char* text = std::getenv("BATCHD_CLOCK_AHEAD");
    return text == nullptr ? 0 : static_cast<time_t>(std::strtoll(text, nullptr, 10));
  }();
  return seconds;
}

template <class Function>
Function* next(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

// A point in time of the shifted clock as the kernel knows it. One that is near to the real time, as those of another
// clock are, stays.
timespec as_kernel_time(const timespec& at) {
  timespec real{};
  static const auto real_clock = next<decltype(clock_gettime)>("clock_gettime");
  real_clock(CLOCK_REALTIME, &real);
  timespec out = at;
  if (at.tv_sec > real.tv_sec + ahead() / 2) out.tv_sec -= ahead();
  return out;
}

}  // namespace

extern "C" {

int clock_gettime(clockid_t clock, timespec* out) noexcept {
  static const auto real = next<decltype(clock_gettime)>("clock_gettime");
  const int code = real(clock, out);
  if (code == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) out->tv_sec += ahead();
  return code;
}

int gettimeofday(timeval* out, void* zone) noexcept {
  static const auto real = next<int(timeval*, void*)>("gettimeofday");
  const int code = real(out, zone);
  if (code == 0) out->tv_sec += ahead();
  return code;
}

time_t time(time_t* out) noexcept {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  if (out != nullptr) *out = now.tv_sec;
  return now.tv_sec;
}

int timespec_get(timespec* out, int base) noexcept {
  return base == TIME_UTC && clock_gettime(CLOCK_REALTIME, out) == 0 ? base : 0;
}

int clock_nanosleep(clockid_t clock, int flags, const timespec* wanted, timespec* left) {
  static const auto real = next<decltype(clock_nanosleep)>("clock_nanosleep");
  if (clock != CLOCK_REALTIME || (flags & TIMER_ABSTIME) == 0) return real(clock, flags, wanted, left);
  const auto at = as_kernel_time(*wanted);
  return real(clock, flags, &at, left);
}

int pthread_cond_timedwait(pthread_cond_t* condition, pthread_mutex_t* mutex, const timespec* wanted) {
  static const auto real = next<decltype(pthread_cond_timedwait)>("pthread_cond_timedwait");
  const auto at = as_kernel_time(*wanted);
  return real(condition, mutex, &at);
}

}  // extern "C"
