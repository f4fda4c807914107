#include <cerrno>
#include <cstring>

#include "ctl/answers/document.h"
#include "ctl/commands/commands.h"
#include "ctl/commands/group_results.h"
#include "ctl/console/exit_code.h"
#include "proto/json/digest.h"

namespace batchd::ctl {
namespace {

constexpr Seconds kCommitTime{120};  // after the last byte: the rest of a large file reaches the disk

// The file as the body of a call, with a progress line.
class ShownSource : public BodySource {
 public:
  ShownSource(FileSource& file, Console& console) : file_(file), console_(console) {}
  std::optional<std::uint64_t> size() const override { return file_.size(); }
  bool rewind() override { return file_.rewind(); }
  std::optional<std::size_t> read(char* buffer, std::size_t size) override {
    const auto count = file_.read(buffer, size);
    console_.progress("uploading", file_.done(), file_.size().value_or(0), Console::Unit::bytes);
    return count;
  }

 private:
  FileSource& file_;
  Console& console_;
};

// Returns the first 32 hexadecimal digits of the file's SHA-256; nullopt if it can't be read.
std::optional<std::string> digest_of(FileSource& file) {
  json::Sha256 digest;
  std::string buffer(1 << 20, '\0');
  for (;;) {
    const auto count = file.read(buffer.data(), buffer.size());
    if (!count) return std::nullopt;
    if (*count == 0) return json::hex(digest.finish()).substr(0, 32);
    digest.update({buffer.data(), *count});
  }
}

class Upload {
 public:
  Upload(Session& session, const SubmitOptions& options, const RequestFile& file)
      : session_(session), options_(options), file_(file), group_(file.group) {}

  int run() {
    if (!source_.open(file_.path)) return unreadable();
    if (group_.empty() && !source_.is_regular()) {
      session_.console.talk("input from a pipe has no digest to name its group: add --group NAME");
      return kUsage;
    }
    if (group_.empty()) {
      const auto digest = digest_of(source_);
      if (!digest) return unreadable();
      group_ = *digest;
    }
    return send();
  }

 private:
  int unreadable() {
    session_.console.talk("can't read " + file_.path + ": " + std::strerror(errno));
    return kBadInput;
  }

  int send() {
    ShownSource shown(source_, session_.console);
    const Call call{.method = "POST",
                    .target = target_of("/v1/requests", {{"model", options_.model},
                                                         {"group", group_},
                                                         {"channel", options_.channel},
                                                         {"account", options_.account},
                                                         {"endpoint", options_.endpoint},
                                                         {"deadline", options_.deadline},
                                                         {"on_deadline", options_.on_deadline}}),
                    .content_type = "application/jsonl",
                    .repeatable = false,  // this function decides what is sent again
                    .timeout = kCommitTime,
                    .source = &shown};
    Patience patience(session_);
    for (;;) {
      const auto reply = session_.client.call(call);
      session_.console.finish_progress();
      if (source_.failed()) return unreadable();
      const auto* answer = std::get_if<Answer>(&reply);
      const auto document = answer != nullptr ? read_document(answer->body) : std::nullopt;
      if (answer != nullptr && answer->status / 100 == 2) return accepted(*answer, document);
      if (document && number(member(*document, "accepted")) > 0) patience.refresh();
      if ((source_.is_regular() || source_.done() == 0) && patience.once_more(reply)) continue;
      return give_up(reply, document);
    }
  }

  int give_up(const Reply& reply, const std::optional<rapidjson::Document>& document) {
    if (document) show_errors(*document);
    const int code = report(session_, reply);
    // Refused as it is: the same file would be refused again.
    if (const auto* answer = std::get_if<Answer>(&reply); answer != nullptr && answer->status == 400) return code;
    if (source_.done() > 0 && code != kNoPermission)
      session_.console.talk("run the same command again" +
                            std::string(source_.is_regular() ? "" : " with --group " + group_) +
                            " to go on: nothing is submitted twice");
    return code;
  }

  void show_errors(const rapidjson::Document& document) {
    const auto& errors = member(document, "errors");
    if (!errors.IsArray()) return;
    for (const auto& error : errors.GetArray())
      session_.console.talk(file_.path + ':' + std::to_string(number(member(error, "line"))) + ": " +
                            std::string(text(member(error, "code"))) + ": " +
                            std::string(text(member(error, "detail"))));
    const auto more = number(member(document, "refused")) - static_cast<std::int64_t>(errors.Size());
    if (more > 0) session_.console.talk("... and " + std::to_string(more) + " more lines");
  }

  int accepted(const Answer& answer, const std::optional<rapidjson::Document>& document) {
    if (!document || !member(*document, "accepted").IsInt64()) {
      session_.console.talk("the daemon's answer has no counts");
      return kUnavailable;
    }
    const auto fresh = number(member(*document, "accepted")), known = number(member(*document, "known"));
    const auto refused = number(member(*document, "refused"));
    const std::string channel(text(member(*document, "channel")));
    show_errors(*document);
    session_.console.talk(file_.path + ": " + std::to_string(fresh) + " accepted, " + std::to_string(known) +
                          " known before, " + std::to_string(refused) + " refused; group " + group_);
    int code = kDone;
    if (options_.wait) {
      code = print_group_results(session_, {.group = group_,
                                            .channel = channel,
                                            .lines = static_cast<std::size_t>(fresh + known),
                                            .wait = *options_.wait,
                                            .acknowledge = options_.acknowledge});
    } else {
      if (session_.json)
        session_.print_json(answer.body);
      else
        session_.console.data(group_);
      session_.console.talk("their results come with: batchctl results --wait --channel " + channel);
    }
    return refused > 0 ? kBadInput : code;
  }

  Session& session_;
  const SubmitOptions& options_;
  const RequestFile& file_;
  std::string group_;
  FileSource source_;
};

}  // namespace

int submit_file(Session& session, const SubmitOptions& options, const RequestFile& file) {
  return Upload(session, options, file).run();
}

}  // namespace batchd::ctl
