#include "cli/output_buffer.h"

#include <unistd.h>

#include <cerrno>

namespace portpolicy::cli {

OutputBuffer::int_type OutputBuffer::overflow(int_type character) {
  if (sync() != 0) return traits_type::eof();
  if (traits_type::eq_int_type(character, traits_type::eof())) return traits_type::not_eof(character);
  *pptr() = traits_type::to_char_type(character);
  pbump(1);
  return character;
}

int OutputBuffer::sync() {
  for (const char* next = pbase(); next != pptr() && error_ == 0;) {
    const ssize_t count = write(descriptor_, next, static_cast<std::size_t>(pptr() - next));
    if (count >= 0) next += count;
    else if (errno != EINTR) error_ = errno;
  }
  setp(bytes_.data(), bytes_.data() + bytes_.size());
  return error_ == 0 ? 0 : -1;
}

}  // namespace portpolicy::cli
