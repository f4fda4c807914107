// GET /openapi.json describes the daemon: it has every call of the route table and no other, and all its references
// exist.
#include "daemon/admin/openapi.h"

#include <gtest/gtest.h>
#include <rapidjson/document.h>
#include <rapidjson/pointer.h>

#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "core/types.h"
#include "core/version.h"
#include "daemon/admin/admin.h"
#include "daemon/api/api.h"
#include "daemon/api/reply.h"
#include "daemon/fronts/gemini_front.h"
#include "proto/gemini/front.h"
#include "proto/gemini/status.h"

namespace batchd::daemon {
namespace {

const rapidjson::Document& document() {
  static const rapidjson::Document parsed = [] {
    rapidjson::Document d;
    const auto text = openapi_document();
    d.Parse(text.data(), text.size());
    return d;
  }();
  return parsed;
}

bool is_method(const std::string& name) {
  return name == "get" || name == "put" || name == "post" || name == "delete" || name == "patch" || name == "head";
}

std::string upper(std::string text) {
  for (char& c : text) c = static_cast<char>(c - 'a' + 'A');
  return text;
}

// visit(method, path, operation)
template <class Visit>
void each_operation(Visit visit) {
  for (const auto& path : document()["paths"].GetObject())
    for (const auto& method : path.value.GetObject())
      if (is_method(method.name.GetString()))
        visit(upper(method.name.GetString()), path.name.GetString(), method.value);
}

template <class Visit>
void each_value(const rapidjson::Value& value, const Visit& visit) {
  visit(value);
  if (value.IsObject())
    for (const auto& member : value.GetObject()) each_value(member.value, visit);
  if (value.IsArray())
    for (const auto& element : value.GetArray()) each_value(element, visit);
}

TEST(OpenApi, IsADocument) {
  ASSERT_FALSE(document().HasParseError());
  EXPECT_EQ(std::string(document()["openapi"].GetString()).substr(0, 4), "3.1.");
  EXPECT_EQ(std::string(document()["info"]["version"].GetString()), core::version());
}

// Whether a call of the table answers a described one. "*" and "{rest}" stand for all that begin like it.
bool answers(std::string_view method, std::string_view pattern, const std::string& described_method,
             const std::string& path) {
  if (method != "*" && method != described_method) return false;
  const auto rest = pattern.find("{rest}");
  return rest == std::string_view::npos ? path == pattern : path.starts_with(pattern.substr(0, rest));
}

TEST(OpenApi, HasEveryCallAndNoOther) {
  std::vector<std::pair<std::string_view, std::string_view>> routes;
  for (const auto& table : {api_routes(), gemini_routes(), admin_routes()})
    for (const auto& route : table) routes.emplace_back(route.method, route.pattern);
  std::set<std::size_t> described;
  each_operation([&](const std::string& method, const std::string& path, const rapidjson::Value&) {
    bool served = false;
    for (std::size_t i = 0; i < routes.size(); ++i)
      if (answers(routes[i].first, routes[i].second, method, path)) {
        described.insert(i);
        served = true;
      }
    EXPECT_TRUE(served) << method << ' ' << path << " is not served";
  });
  for (std::size_t i = 0; i < routes.size(); ++i)
    EXPECT_TRUE(described.contains(i)) << routes[i].first << ' ' << routes[i].second << " is not described";
}

// "{rest}" hides which calls there are: these are them.
TEST(OpenApi, HasEveryCallOfTheProvidersOwn) {
  const std::string front = "/gemini/", hole = "{call}";
  std::set<std::string> described;
  each_operation([&](const std::string& method, const std::string& path, const rapidjson::Value& operation) {
    if (!path.starts_with(front)) return;
    EXPECT_EQ(method, "POST") << path;
    ASSERT_TRUE(path.ends_with(hole)) << path;
    // "^[^/:]+:(a|b)$"
    const std::string pattern = operation["parameters"][0]["schema"]["pattern"].GetString();
    const std::string before = "^[^/:]+:(", after = ")$";
    ASSERT_TRUE(pattern.starts_with(before) && pattern.ends_with(after)) << pattern;
    std::istringstream verbs(pattern.substr(before.size(), pattern.size() - before.size() - after.size()));
    for (std::string verb; std::getline(verbs, verb, '|');)
      described.insert(path.substr(front.size(), path.size() - front.size() - hole.size()) + "m:" + verb);
  });
  for (const auto& call : described) EXPECT_TRUE(proto::parse_gemini_call(call)) << call << " is not served";
  for (const auto version : proto::kGeminiVersions)
    for (const std::string verb : {"generateContent", "streamGenerateContent", "embedContent"})
      EXPECT_TRUE(described.contains(std::string(version) + "/models/m:" + verb)) << version << ' ' << verb;
}

TEST(OpenApi, NamesEveryStatusOfAnError) {
  std::set<std::string> described, known;
  for (const auto& name : document()["components"]["schemas"]["GrpcStatus"]["enum"].GetArray())
    EXPECT_TRUE(described.insert(name.GetString()).second) << name.GetString();
  for (int code = 1; code <= 16; ++code) known.emplace(proto::grpc_status(code));  // 0 is no error
  EXPECT_EQ(proto::grpc_status(17), "UNKNOWN") << "there are more by now";
  EXPECT_EQ(described, known);
}

TEST(OpenApi, NamesEveryClassOfAnError) {
  std::vector<std::string> described, known;
  for (const auto& name : document()["components"]["schemas"]["ErrorClass"]["enum"].GetArray())
    described.emplace_back(name.GetString());
  const auto last = static_cast<int>(core::ErrorClass::data_lost);
  for (int kind = 0; kind <= last; ++kind) known.emplace_back(core::to_text(static_cast<core::ErrorClass>(kind)));
  EXPECT_EQ(core::to_text(static_cast<core::ErrorClass>(last + 1)), "other") << "there are more by now";
  EXPECT_EQ(described, known);
}

TEST(OpenApi, EveryReferenceLeadsSomewhere) {
  each_value(document(), [](const rapidjson::Value& value) {
    if (!value.IsObject() || !value.HasMember("$ref")) return;
    const std::string where = value["$ref"].GetString();
    ASSERT_TRUE(where.starts_with("#/")) << where;
    EXPECT_NE(rapidjson::Pointer(where.substr(1).c_str()).Get(document()), nullptr) << where;
  });
}

TEST(OpenApi, EveryOperationIsWhole) {
  std::set<std::string> ids;
  each_operation([&](const std::string& method, const std::string& path, const rapidjson::Value& operation) {
    const auto call = method + ' ' + path;
    ASSERT_TRUE(operation.HasMember("operationId") && operation.HasMember("summary")) << call;
    EXPECT_TRUE(ids.insert(operation["operationId"].GetString()).second) << call;
    std::set<std::string> declared;
    if (operation.HasMember("parameters"))
      for (const auto& parameter : operation["parameters"].GetArray())
        if (std::string(parameter["in"].GetString()) == "path") declared.insert(parameter["name"].GetString());
    for (auto at = path.find('{'); at != std::string::npos; at = path.find('{', at + 1)) {
      const auto name = path.substr(at + 1, path.find('}', at) - at - 1);
      EXPECT_EQ(declared.erase(name), 1U) << call << " has no parameter " << name;
    }
    EXPECT_TRUE(declared.empty()) << call;
    ASSERT_TRUE(operation.HasMember("responses")) << call;
    for (const auto& response : operation["responses"].GetObject()) {
      const std::string status = response.name.GetString();
      EXPECT_TRUE(status == "default" || (status.size() == 3 && status >= "200" && status < "600")) << call << status;
    }
  });
}

// Codes named in the responses are those of the schema; that these are the ones of the source is tests/lint/names.sh's.
TEST(OpenApi, EveryProblemCodeNamedIsKnown) {
  std::set<std::string> known;
  for (const auto& code : document()["components"]["schemas"]["ProblemCode"]["enum"].GetArray())
    EXPECT_TRUE(known.insert(code.GetString()).second) << code.GetString();
  int named = 0;
  each_operation([&](const std::string&, const std::string& path, const rapidjson::Value& operation) {
    for (const auto& response : operation["responses"].GetObject()) {
      if (!response.value.HasMember("content") || !response.value["content"].HasMember("application/problem+json"))
        continue;
      const std::string text = response.value["description"].GetString();
      for (auto at = text.find('`'); at != std::string::npos; at = text.find('`', text.find('`', at + 1) + 1)) {
        const auto code = text.substr(at + 1, text.find('`', at + 1) - at - 1);
        EXPECT_TRUE(known.contains(code)) << path << ": " << code;
        ++named;
      }
    }
  });
  EXPECT_GT(named, 20);
}

}  // namespace
}  // namespace batchd::daemon
