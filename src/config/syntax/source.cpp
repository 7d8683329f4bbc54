#include "waypost/config/syntax/source.hpp"

#include <algorithm>
#include <filesystem>

#include "waypost/base/ascii.hpp"
#include "waypost/config/syntax/lexer.hpp"
#include "waypost/config/syntax/words.hpp"
#include "waypost/process/files.hpp"

namespace waypost::config {
namespace {

constexpr std::size_t largest_file = 4U << 20;
constexpr std::size_t most_tokens = 4'000'000;  // reached by a macro used a million times, or many large includes
constexpr std::size_t deepest_include = 16;
constexpr std::size_t most_includes = 1000;

class source {
public:
    source(const macros& macros, fault_list& faults) : macros_(macros), faults_(faults) {}

    void add_file(const std::string& path, process::file_kind kind, const token* included_by) {
        auto text = process::read_file(path, largest_file, kind);
        if (const auto* why = std::get_if<process::unreadable>(&text)) {
            const location where = included_by != nullptr ? included_by->position.where() : location{path, 0, 0};
            faults_.fault(where, "cannot read \"" + base::printable(path) + "\": " + why->reason);
            return;
        }
        open_.push_back(same_path(path));
        add_text(std::get<std::string>(text), path);
        open_.pop_back();
    }

    void add_text(std::string_view text, const std::string& name) {
        const position start{std::make_shared<const std::string>(name), 1, 1};
        if (text.size() > largest_file) {
            faults_.fault({name, 0, 0}, "the configuration is larger than 4 MiB",
                          "long lists belong in a file: table NAME file:/path");
            return;
        }
        const std::vector<token> found = lex(text, start, faults_);
        std::size_t depth = 0;  // of braces: `a = b` inside of them is a row of a table
        std::vector<token> line;
        for (const token& one : found) {
            if (too_many(one)) return;
            if (one.is == token::kind::macro) {
                expand(one, line);
            } else if (!one.ends_line()) {
                line.push_back(one);
                if (one.is_mark('{')) ++depth;
                if (one.is_mark('}') && depth > 0) --depth;
            } else if (depth > 0 && one.is != token::kind::end) {
                line.push_back(one);
            } else {
                if (!special(line)) pass_on(line, one);
                line.clear();
                depth = 0;
            }
        }
    }

    std::vector<token> take() && {
        if (tokens_.empty() || tokens_.back().is != token::kind::end) tokens_.push_back({token::kind::end, {}, last_});
        return std::move(tokens_);
    }

private:
    static std::string same_path(const std::string& path) {
        std::error_code ignored;
        const auto canonical = std::filesystem::weakly_canonical(path, ignored);
        return ignored ? path : canonical.string();
    }

    bool too_many(const token& last) {
        if (++counted_ <= most_tokens) return false;
        if (!stopped_)
            faults_.fault(last.position.where(), "more than four million words", "long lists belong in a file");
        stopped_ = true;
        return true;
    }

    void pass_on(std::vector<token>& line, const token& line_end) {
        last_ = line_end.position;
        if (line.empty()) return;
        std::move(line.begin(), line.end(), std::back_inserter(tokens_));
        tokens_.push_back({token::kind::newline, {}, line_end.position});
    }

    void expand(const token& use, std::vector<token>& tokens) {
        const std::string* value = nullptr;
        if (const auto found = macros_.find(use.text); found != macros_.end()) {
            value = &found->second;
        } else if (const auto own = own_.find(use.text); own != own_.end()) {
            value = &own->second;
        }
        if (value == nullptr) {
            std::vector<std::string_view> known;
            for (const auto& [name, text] : own_) known.push_back(name);
            for (const auto& [name, text] : macros_) known.push_back(name);
            std::string hint = did_you_mean(use.text, known);
            if (hint.empty()) hint = "define it first: " + base::printable(use.text, 64) + " = \"value\"";
            fault(use, tokens, "the macro $" + base::printable(use.text, 64) + " is not defined", std::move(hint));
            return;
        }
        for (token& one : lex_macro(*value, use.position, faults_)) {
            if (one.is == token::kind::end) continue;
            ++counted_;
            if (one.is == token::kind::macro) {
                fault(use, tokens, "the value of the macro $" + base::printable(use.text, 64) + " holds a $",
                      "a macro is expanded once; give the value quotes of its own, or leave the $ name outside of its "
                      "quotes");
                continue;
            }
            tokens.push_back(std::move(one));
        }
    }

    void fault(const token& position, std::vector<token>& tokens, std::string text, std::string hint) {
        faults_.fault(position.position.where(), std::move(text), std::move(hint));
        tokens.push_back({token::kind::broken, {}, position.position});
    }

    /// `name = value` and `include "file"` are done here; true if it was one of them.
    bool special(const std::vector<token>& line) {
        if (line.size() >= 2 && line[0].is_text() && line[1].is_mark('=')) {
            define(line);
            return true;
        }
        if (!line.empty() && line[0].is_word("include")) {
            include(line);
            return true;
        }
        return false;
    }

    static bool has_broken(const std::vector<token>& line) {
        return std::any_of(line.begin(), line.end(), [](const token& t) { return t.is == token::kind::broken; });
    }

    void define(const std::vector<token>& line) {
        const std::string& name = line[0].text;
        if (has_broken(line)) {
            own_.emplace(name, "");  // so that its uses are no faults of their own
            return;
        }
        const bool good_name = !name.empty() && std::all_of(name.begin(), name.end(),
                                                            [](char c) { return base::is_alnum(c) || c == '_'; });
        if (!good_name) {
            faults_.fault(line[0].position.where(), "\"" + base::printable(name, 64) + "\" is no name for a macro",
                          "use letters, digits and _");
            return;
        }
        if (line.size() != 3 || !line[2].is_text()) {
            const token& at = line.size() > 3 ? line[3] : line.size() == 3 ? line[2] : line[1];
            faults_.fault(at.position.where(),
                          "the value of the macro \"" + base::printable(name, 64) + "\" is not one string",
                          "write " + base::printable(name, 64) + " = \"the whole value\"");
            own_.emplace(name, "");
            return;
        }
        own_.insert_or_assign(name, line[2].text);
    }

    void include(const std::vector<token>& line) {
        if (has_broken(line)) return;
        if (line.size() != 2 || !line[1].is_text()) {
            faults_.fault(line[line.size() > 1 ? 1 : 0].position.where(), "\"include\" wants one file",
                          "write include \"/etc/waypost/more.conf\"");
            return;
        }
        const token& name = line[1];
        std::filesystem::path path = name.text;
        if (path.is_relative()) path = std::filesystem::path(*name.position.file).parent_path() / path;
        const std::string shown = "\"" + base::printable(name.text) + "\"";
        if (std::find(open_.begin(), open_.end(), same_path(path.string())) != open_.end()) {
            faults_.fault(name.position.where(), shown + " includes itself", "remove this include");
        } else if (open_.size() >= deepest_include) {
            faults_.fault(name.position.where(), "include " + shown + " is nested more than 16 deep",
                          "include it higher up");
        } else if (++included_ > most_includes) {
            if (included_ == most_includes + 1)
                faults_.fault(name.position.where(), "more than 1000 files are included");
        } else {
            add_file(path.string(), process::file_kind::regular, &name);
        }
    }

    const macros& macros_;
    fault_list& faults_;
    macros own_;
    std::vector<std::string> open_;  // files, from the main one to the one being read
    std::size_t included_ = 0;
    std::size_t counted_ = 0;
    bool stopped_ = false;
    std::vector<token> tokens_;
    position last_;
};

}  // namespace

std::vector<token> tokens_of_file(const std::string& path, const macros& macros, fault_list& faults) {
    source all(macros, faults);
    all.add_file(path, process::file_kind::any, nullptr);
    return std::move(all).take();
}

std::vector<token> tokens_of_text(const std::string& text, const std::string& file_name, const macros& macros,
                                  fault_list& faults) {
    source all(macros, faults);
    all.add_text(text, file_name);
    return std::move(all).take();
}

}  // namespace waypost::config
